#pragma once

#include <cblas.h>

// LAPACK routines of libopenblas by their Fortran symbols; Debian ships no LAPACKE with it.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);
