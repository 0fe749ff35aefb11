// Checks for bugs in a caller or in us. Bad input from outside throws Error (error.h) instead.
#pragma once

namespace kvproof {

// Called when a check fails. May throw (tests do); if it returns, the program aborts.
using CheckHandler = void (*)(const char* condition, const char* file, int line);

// Replaces the handler and returns the previous one. The default prints one line to standard error.
CheckHandler set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace kvproof

#define KVPROOF_CHECK(condition) ((condition) ? (void)0 : ::kvproof::check_failed(#condition, __FILE__, __LINE__))

// For inner loops: compiled in debug builds only.
#ifdef NDEBUG
#define KVPROOF_DCHECK(condition) ((void)sizeof(!(condition)))
#else
#define KVPROOF_DCHECK(condition) KVPROOF_CHECK(condition)
#endif
