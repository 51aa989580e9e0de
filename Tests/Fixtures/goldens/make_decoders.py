"""Makes the tiny encoder-decoders among the golden models, and the numbers to meet.

Written for transformers 4.41.2 and torch on the CPU, float32, eager attention, one thread, no
dropout. Usage: make_decoders.py GOLDENS_FOLDER
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

VOCABULARY = 60


def bart(seed, **changes):
    settings = dict(
        vocab_size=VOCABULARY, d_model=16, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=2, encoder_ffn_dim=24,
        decoder_ffn_dim=40, max_position_embeddings=48, dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0, activation_function="gelu", pad_token_id=1, bos_token_id=0,
        eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2,
        init_std=0.25)
    settings.update(changes)
    torch.manual_seed(seed)
    return BartForConditionalGeneration(BartConfig(**settings))


def t5(seed, **changes):
    settings = dict(
        vocab_size=VOCABULARY, d_model=16, d_kv=6, d_ff=24, num_layers=2, num_decoder_layers=2,
        num_heads=4, dropout_rate=0.0, feed_forward_proj="relu", pad_token_id=0, eos_token_id=1,
        decoder_start_token_id=0)
    settings.update(changes)
    torch.manual_seed(seed)
    return T5ForConditionalGeneration(T5Config(**settings))


def train(model, seed, steps=500):
    """Learns, partly, to give back the first tokens of the source: as many as its first one says.

    So scores are neither flat nor certain, and outputs end at different lengths.
    """
    generator = torch.Generator().manual_seed(seed)
    end = model.config.eos_token_id
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(steps):
        source = torch.randint(4, VOCABULARY, (24, 12), generator=generator)
        source[:, -1] = end
        labels = torch.full((24, 7), -100)
        for row in range(24):
            count = 1 + int(source[row, 0]) % 5
            labels[row, :count] = source[row, 1:1 + count] % 16 + 4
            labels[row, count] = end
        loss = model(input_ids=source, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


SEARCHES = {
    "greedy": dict(num_beams=1, max_length=14),
    "greedy_forced": dict(num_beams=1, max_length=8, forced_bos_token_id=7),
    "beam4": dict(num_beams=4, max_length=14),
    "beam4_ret4": dict(num_beams=4, num_return_sequences=4, max_length=14),
    "beam4_lp2_early": dict(num_beams=4, max_length=14, length_penalty=2.0, early_stopping=True),
    "beam3_never_lp0": dict(num_beams=3, max_length=14, length_penalty=0.0, early_stopping="never"),
    "beam3_never_lp1": dict(num_beams=3, max_length=14, length_penalty=1.0, early_stopping="never"),
    "beam4_ng2_min8": dict(num_beams=4, max_length=14, no_repeat_ngram_size=2, min_length=8),
    "beam4_maxnew6_minnew3": dict(num_beams=4, max_new_tokens=6, min_new_tokens=3),
    "beam4_noend": dict(num_beams=4, max_new_tokens=6, forced_eos_token_id=None),
    "beam4_reppen": dict(num_beams=4, max_length=14, repetition_penalty=1.3),
    "beam4_bad": dict(num_beams=4, max_length=14, bad_words_ids=None),
    "beam4_two_ends": dict(num_beams=4, max_length=14, eos_token_id=None),
}


def arguments(name, model, greedy):
    found = dict(SEARCHES[name])
    if name == "beam4_bad":
        # What greedy decoding likes: a token of one source, a pair of another.
        found["bad_words_ids"] = [[greedy[0][1]], greedy[1][1:3]]
    if name == "beam4_two_ends":
        found["eos_token_id"] = [model.config.eos_token_id, greedy[2][1]]
    return found


def case(folder, name, model, seed):
    loss = train(model, seed)
    model.eval()
    path = f"{folder}/models/{name}"
    model.save_pretrained(path)
    generator = torch.Generator().manual_seed(seed + 1)
    end, pad = model.config.eos_token_id, model.config.pad_token_id
    lengths = [12, 9, 23, 17]
    ids = torch.full((4, max(lengths)), pad)
    mask = torch.zeros_like(ids)
    labels = torch.full((4, 7), -100)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(4, VOCABULARY, (length,), generator=generator)
        ids[row, length - 1] = end
        mask[row, :length] = 1
        count = 3 + row
        labels[row, :count] = ids[row, :count]
        labels[row, count] = end
    tensors = dict(input_ids=ids, attention_mask=mask, labels=labels)
    facts = dict(model=name, last_training_loss=loss, generate={})
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=mask, labels=labels)
        tensors["logits"] = out.logits
        tensors["encoder_last_hidden_state"] = out.encoder_last_hidden_state
        facts["loss"] = out.loss.item()
        greedy = model.generate(
            ids, attention_mask=mask, **SEARCHES["greedy"]).tolist()
        for search in SEARCHES:
            found = arguments(search, model, greedy)
            made = model.generate(
                ids, attention_mask=mask, return_dict_in_generate=True, output_scores=True,
                **found)
            entry = dict(args=found, sequences=made.sequences.tolist())
            if made.get("sequences_scores") is not None:
                entry["sequences_scores"] = made.sequences_scores.tolist()
            if search == "greedy":
                tensors["gen_step_scores.greedy"] = torch.stack(made.scores, 1)
            facts["generate"][search] = entry
    save_file({k: v.contiguous() for k, v in tensors.items()}, f"{folder}/cases/{name}.safetensors")
    with open(f"{folder}/cases/{name}.json", "w") as file:
        json.dump(facts, file)
    for search, entry in facts["generate"].items():
        print(name, search, entry["sequences"][:4], entry.get("sequences_scores", [])[:2])


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    os.makedirs(folder + "/models", exist_ok=True)
    os.makedirs(folder + "/cases", exist_ok=True)
    case(folder, "bart_tiny", bart(1), 11)
    case(
        folder, "bart_tiny_scaled",
        bart(2, activation_function="relu", scale_embedding=True), 12)
    case(folder, "t5_tiny", t5(3), 13)
    case(
        folder, "t5_tiny_gated",
        t5(4, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
           relative_attention_num_buckets=8, relative_attention_max_distance=14), 14)


main()
