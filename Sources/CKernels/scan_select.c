#include "scan.h"

// The k-th highest of some floats, none of them NaN; their order is not kept.
static float kth_highest(float *values, size_t count, size_t k) {
    size_t first = 0, last = count;
    uint32_t dice = 1;
    while (last - first > 1) {
        dice = dice * 1664525 + 1013904223;
        float pivot = values[first + (dice >> 8) % (last - first)];
        // [first, high) is above the pivot, [high, at) equal to it, [low, last) below.
        size_t high = first, at = first, low = last;
        while (at < low) {
            float value = values[at];
            if (value > pivot) {
                values[at++] = values[high];
                values[high++] = value;
            } else if (value < pivot) {
                values[at] = values[--low];
                values[low] = value;
            } else {
                at++;
            }
        }
        if (k - 1 < high) {
            last = high;
        } else if (k - 1 < low) {
            return pivot;
        } else {
            first = low;
        }
    }
    return values[first];
}

float sheaf_scan_kth_lower(const sheaf_scan_list *list, size_t k) {
    for (size_t i = 0; i < list->count; i++) { list->scratch[i] = list->candidates[i].lower; }
    return kth_highest(list->scratch, list->count, k);
}

void sheaf_scan_prune(sheaf_scan_list *list, size_t k) {
    if (k >= 1 && list->count >= k) {
        float reached = sheaf_scan_kth_lower(list, k);
        if (reached > list->threshold) { list->threshold = reached; }
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        sheaf_scan_candidate candidate = list->candidates[i];
        list->candidates[kept] = candidate;
        kept += candidate.upper >= list->threshold;
    }
    list->count = kept;
}
