// What Faiss' headers need of OpenMP's, which belongs to one compiler and may lie where ours does
// not look. Faiss itself was compiled with the real one; no lock is made or taken here.
#ifndef SHEAF_OMP_H
#define SHEAF_OMP_H

typedef struct omp_lock_t omp_lock_t;

#endif
