// A .npy file: one array as numpy writes it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.h"

namespace kvproof {

// Reads a whole file that may be hostile: format 1 to 3, f16, f32, f64, i8 to i64, u8 to u64 and bool, of either byte
// order, in C or Fortran order. `label` stands for the file in messages. Throws Error: kMalformed, or kUnsupported for
// another type.
Tensor parse_npy(std::span<const std::byte> file, const std::string& label);

// What stands before the elements of a tensor: format 1, padded to a multiple of 64 bytes as numpy pads it. Dimensions
// (tdim) become i64. Throws Error(kUnsupported) for bf16, which numpy does not know.
std::vector<std::byte> npy_header(const TensorView& tensor, const std::string& label);

}  // namespace kvproof
