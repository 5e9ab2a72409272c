#ifndef PROACTOR_CONFIG_HPP
#define PROACTOR_CONFIG_HPP

/// Platform facts. Each is always defined, as 0 or 1, and no other file asks the compiler.

#if defined(__linux__)
#define PROACTOR_LINUX 1
#else
#define PROACTOR_LINUX 0
#endif

#if defined(_WIN32)
#define PROACTOR_WINDOWS 1
#else
#define PROACTOR_WINDOWS 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define PROACTOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PROACTOR_ASAN 1
#endif
#endif
#ifndef PROACTOR_ASAN
#define PROACTOR_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define PROACTOR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PROACTOR_TSAN 1
#endif
#endif
#ifndef PROACTOR_TSAN
#define PROACTOR_TSAN 0
#endif

#endif
