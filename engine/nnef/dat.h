// A .dat file of an NNEF archive: one tensor behind 128 bytes of header, with the types that tract adds to NNEF's.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/constant.h"

namespace kvproof {

// Reads a whole file that may be hostile; `label` stands for it in messages. A file flattens the shape of Q4_0 blocks:
// they take `logical_shape`, if it is given; whoever knows what other shapes have to be compares them. Throws
// Error(kMalformed), or Error(kUnsupported) for an item type of the format that is none of ours.
Constant read_dat(std::span<const std::byte> file, const std::string& label,
                  const std::optional<Shape>& logical_shape = std::nullopt);

// As tract writes it; `label` stands for the tensor in messages. Dimensions (tdim) become i64. Throws
// Error(kUnsupported) for bf16, which the format does not know, and for what its 32-bit fields cannot hold: a dimension
// or data of 4 GiB and more.
std::vector<std::byte> write_dat(const Constant& value, const std::string& label = "tensor");

}  // namespace kvproof
