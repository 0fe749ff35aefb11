// How and from which sources this build was made; filled in by build_info.cmake at every build.
#pragma once

namespace kvproof::build_info {

extern const char* const kCompiler;   // "GNU 12.2.0"
extern const char* const kFlags;      // the flags of C++ sources in this configuration
extern const char* const kBuildType;  // "Release"
extern const char* const kCommit;     // 40 hexadecimal digits, or "unknown" outside a git checkout
extern const bool kDirty;             // the sources differ from the commit, or that cannot be known

}  // namespace kvproof::build_info
