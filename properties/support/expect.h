// Comparisons that throw Refuted and count themselves.
#pragma once

#include <string>

#include "properties/support/rig.h"

namespace kvproof {

std::string number(double value);  // shortest text that reads back as the same float

// Equal bits of two outputs of the same queries; names the first query, head and channel that differ.
void expect_same_bits(const Answer& expected, const Answer& actual, const std::string& what, Witness& witness);
// Query i of `expected` against query j of `actual`.
void expect_same_query(const Answer& expected, std::int64_t i, const Answer& actual, std::int64_t j,
                       const std::string& what, Witness& witness);
void expect_same_bytes(const Bytes& expected, const Bytes& actual, const std::string& what, Witness& witness);
void expect_equal(std::int64_t expected, std::int64_t actual, const std::string& what, Witness& witness);

}  // namespace kvproof
