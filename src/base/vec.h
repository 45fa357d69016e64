/* Typed dynamic arrays: struct name_vec VEC_OF(char *);  *vec_push(&names) = xstrdup(s);  v is evaluated repeatedly. */
#ifndef ORLOP_BASE_VEC_H
#define ORLOP_BASE_VEC_H

#include <stddef.h>

#define VEC_OF(T) { T *at; size_t len, cap; }
#define vec_push(v) ((v)->at = vec_grow((v)->at, (v)->len, &(v)->cap, sizeof *(v)->at), &(v)->at[(v)->len++])
#define vec_free(v) do { free((v)->at); (v)->at = NULL; (v)->len = (v)->cap = 0; } while (0)

void *vec_grow(void *at, size_t len, size_t *cap, size_t size);

/* A list of owned texts. */
struct strs VEC_OF(char *);
void strs_add(struct strs *v, const char *s);      /* copies */
void strs_copy(struct strs *to, const struct strs *from);  /* adds copies of all */
void strs_free(struct strs *v);                    /* frees the texts too */
void strs_sort(struct strs *v);                    /* byte order */
#define AUTO_STRS __attribute__((cleanup(strs_free)))

#endif
