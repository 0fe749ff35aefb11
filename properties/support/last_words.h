// What became of a process, in words that are the same every time it happens.
#pragma once

#include <sys/types.h>

#include <string>

namespace kvproof {

#if defined(__has_feature)
#define KVPROOF_HAS_FEATURE(name) __has_feature(name)
#else
#define KVPROOF_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || KVPROOF_HAS_FEATURE(thread_sanitizer)
inline constexpr bool kOwnThreads = true;  // the thread sanitizer has one of its own, and knows how to fork
#else
inline constexpr bool kOwnThreads = false;
#endif
#if defined(__SANITIZE_ADDRESS__) || KVPROOF_HAS_FEATURE(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = kOwnThreads;
#endif

bool has_one_thread();  // this process
// A thread that waits for a processor or for a disk does not sleep.
bool all_threads_sleep(pid_t pid);

// Why a process with this wait status gave no answer: "the subject crashed: SIGSEGV (Segmentation fault)". Empty if it
// gave one, unless a sanitizer had something to say.
std::string last_words(int status, const std::string& printed, bool answered);
std::string hang_in_words(bool asleep);

}  // namespace kvproof
