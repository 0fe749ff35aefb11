// What gzip has packed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/base/files.h"

namespace kvproof {

bool is_gzip(std::span<const std::byte> file);

// The content of a gzipped file of one member, checked against its length and checksum. Throws Error(kMalformed), or
// Error(kResource) for more than `limit` bytes; memory grows with what is really there.
SharedBytes gunzip(std::span<const std::byte> file, const std::string& label, std::size_t limit);

// Appends `more`; the first call reserves `reserve` bytes. Throws Error(kResource) that names `label` where the memory
// is not to be had.
void append(std::vector<std::byte>& bytes, std::span<const std::byte> more, std::size_t reserve,
            const std::string& label);

}  // namespace kvproof
