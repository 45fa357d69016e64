/* Compiler attributes and the few macros that every file uses. */
#ifndef ORLOP_BASE_ATTR_H
#define ORLOP_BASE_ATTR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define AUTO(fn) __attribute__((cleanup(fn)))

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Moves an owning pointer out of a variable: the value is the result, the variable is NULL. */
#define TAKE(p) __extension__({ __typeof__(p) take_ = (p); (p) = NULL; take_; })

#endif
