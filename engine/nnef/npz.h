// Named arrays in one file, as numpy writes them: .npz, a zip of .npy files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/nnef/entries.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {

// The arrays in the order of the archive, named by their members without ".npy"; a name may have slashes, such as
// turn_0/NAME. A single .npy file gives one array, named by the file. Throws Error: kNotFound, kIo, kMalformed,
// kUnsupported for a type that we do not have, kResource for a limit; the message names the path and the member.
std::vector<NamedTensor> read_npz(const std::string& path, const ArchiveLimits& limits = {});
// The same of a zip in memory.
std::vector<NamedTensor> read_npz(std::span<const std::byte> zip, const std::string& label,
                                  const ArchiveLimits& limits = {});

// Writes an uncompressed .npz, or, where `path` ends in .npy, the only tensor by itself. The same tensors in the same
// order give the same bytes. (tract reads turns that it groups by runs of one NAME: turn_0/a, turn_1/a, turn_0/b, ...)
// Appears under `path` whole or not at all. Throws Error(kIo), Error(kUnsupported) for bf16. REQUIRES: names differ and
// are not empty; one tensor for .npy.
void write_npz(const std::string& path, std::span<const NamedTensor> tensors);

}  // namespace kvproof
