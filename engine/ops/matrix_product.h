// Many products of matrices at once: what MatMul and Einsum come down to.
//
// 16- and 32-bit floats go through the kernels of the row codecs, which read 16-bit weights as they stand and sum every
// element in one order of its own; f64 and integers through Eigen, in pieces of fixed size. So the bits do not depend
// on threads.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/graph/op.h"

namespace kvproof {

// How a matrix stands in memory.
enum class Order { kRows, kColumns };

// One matrix behind the other.
struct Matrices {
  DType dtype;
  const std::byte* data;
  Order order;
};

// Product i is out[i] = a[pairs[i].a] * b[pairs[i].b].
struct Products {
  struct Pair {
    std::int64_t a, b;
  };
  std::int64_t m, n, k;
  Matrices a;             // [m,k]
  Matrices b;             // [k,n]
  MutableTensorView out;  // pairs.size() times [m,n], row by row
  std::vector<Pair> pairs;
};

// REQUIRES: the three types are floats of 16 or 32 bits, or all the same; none is bool. Integers are exact modulo
// 2^bits.
void multiply(const Products& products, Evaluation& evaluation);

}  // namespace kvproof
