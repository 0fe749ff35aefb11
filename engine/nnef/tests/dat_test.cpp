// .dat files: every type there and back, the bytes that tract writes, and what is refused.
#include "engine/nnef/dat.h"

#include "engine/nnef/tests/containers.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// A header with its fields at the places where the format has them.
Bytes dat_file(std::vector<std::uint32_t> dims, std::uint32_t bits, std::uint16_t type, std::uint16_t vendor,
               std::string_view data, std::uint32_t data_bytes = 0xffffffff) {
  if (data_bytes == 0xffffffff) data_bytes = std::uint32_t(data.size());
  Bytes file(128 + data.size());
  const auto put = [&](std::size_t at, auto value) { std::memcpy(file.data() + at, &value, sizeof value); };
  put(0, std::uint32_t(0x0001ef4e));
  put(4, data_bytes);
  put(8, std::uint32_t(dims.size()));
  for (std::size_t i = 0; i < dims.size() && i < 8; ++i) put(12 + 4 * i, dims[i]);
  put(44, bits);
  put(48, type);
  put(50, vendor);
  if (!data.empty()) std::memcpy(file.data() + 128, data.data(), data.size());
  return file;
}

constexpr std::uint16_t kTract = 0x5452;

void expect_malformed(const Bytes& file, const std::string& part) {
  expect_error(ErrorCode::kMalformed, part, [&] { read_dat(file, "w.dat"); });
}

TEST(Dat, EveryTypeAndShapeComesBack) {
  for (const DType dtype : kFileTypes) {
    for (const Shape& shape : odd_shapes()) {
      const Tensor tensor = random_tensor(dtype, shape);
      const Bytes file = write_dat(Constant(Tensor(tensor)));
      EXPECT_EQ(file.size(), 128 + tensor.view().size_bytes());
      const Constant back = read_dat(file, "w.dat");
      EXPECT_TRUE(same(back.tensor()->view(), tensor)) << name_of(dtype) << shape.str();
      EXPECT_EQ(write_dat(back), file);
    }
  }
}

TEST(Dat, AHeaderOfARealExportIsWrittenByteForByte) {
  const Bytes file = write_dat(Constant(Tensor(DType::kF32, {100, 8})));
  const std::string head("\x4e\xef\x01\x00\x80\x0c\x00\x00\x02\x00\x00\x00\x64\x00\x00\x00\x08\x00\x00\x00", 20);
  EXPECT_EQ(text_of(file).substr(0, 20), head);
  EXPECT_EQ(text_of(file).substr(20, 24), std::string(24, '\0'));
  EXPECT_EQ(text_of(file).substr(44, 8), std::string("\x20\x00\x00\x00\x00\x00\x00\x00", 8));
  EXPECT_EQ(text_of(file).substr(52, 76), std::string(76, '\0'));
}

TEST(Dat, AScalarOfDoublesIsRead) {
  const double eps = 1e-5;
  const Bytes file = dat_file({}, 64, 0, 0, {reinterpret_cast<const char*>(&eps), sizeof eps});
  EXPECT_EQ(*read_dat(file, "w.dat").tensor()->as<double>(), eps);
}

TEST(Dat, IntegersAreWrittenAsTractDoesAndReadUnderBothCodes) {
  struct Case {
    DType dtype;
    std::uint32_t bits;
    std::uint16_t written, also;
  };
  for (const Case c : {Case{DType::kU8, 8, 2, 1}, Case{DType::kU16, 16, 2, 1}, Case{DType::kU32, 32, 2, 1},
                       Case{DType::kU64, 64, 2, 1}, Case{DType::kI8, 8, 3, 4}, Case{DType::kI16, 16, 3, 4},
                       Case{DType::kI32, 32, 3, 4}, Case{DType::kI64, 64, 3, 4}}) {
    const Tensor tensor = random_tensor(c.dtype, {3});
    const std::string data = text_of({tensor.view().data, tensor.view().size_bytes()});
    EXPECT_EQ(write_dat(Constant(Tensor(tensor))), dat_file({3}, c.bits, c.written, 0, data));
    EXPECT_TRUE(same(*read_dat(dat_file({3}, c.bits, c.also, 0, data), "w.dat").tensor(), tensor));
  }
}

TEST(Dat, BoolsAreReadFromBitsAndFromBytes) {
  const Constant bits = read_dat(dat_file({3, 3}, 1, 5, 0, "\xa1\x80"), "w.dat");  // 10100001 1
  const bool expected[] = {true, false, true, false, false, false, false, true, true};
  for (int i = 0; i < 9; ++i) EXPECT_EQ(bits.tensor()->as<bool>()[i], expected[i]) << i;
  const Constant bytes = read_dat(dat_file({3}, 8, 5, 0, std::string_view("\x00\x01\x80", 3)), "w.dat");
  EXPECT_EQ(text_of({bytes.tensor()->view().data, 3}), std::string("\0\1\1", 3));
  EXPECT_EQ(write_dat(bytes), dat_file({3}, 8, 5, 0, std::string_view("\0\1\1", 3)));
}

TEST(Dat, StringsComeBackAndClaim24BytesEach) {
  const Strings strings{{2, 2}, {"", "a", "kv\xc3\xa9", std::string(300, 'x')}};
  const Bytes file = write_dat(Constant(strings));
  std::uint32_t claimed = 0;
  std::memcpy(&claimed, file.data() + 4, sizeof claimed);
  EXPECT_EQ(claimed, 4u * 24u);
  const Constant back = read_dat(file, "w.dat");
  ASSERT_NE(back.strings(), nullptr);
  EXPECT_EQ(back.strings()->values, strings.values);
  EXPECT_EQ(back.shape(), strings.shape);
}

TEST(Dat, StringsAreBoundedByTheFile) {
  const auto strings = [](std::uint32_t n, std::string_view data) {
    return dat_file({n}, 0xffffffff, 0x1000, kTract, data, 24 * n);
  };
  expect_malformed(strings(1000000, std::string_view("\1\0\0\0a", 5)), "1000000 strings do not fit into 5 bytes");
  expect_malformed(strings(1, std::string_view("\xff\xff\xff\x7f", 4)), "string 0 of 2147483647 bytes");
  expect_malformed(strings(2, std::string_view("\4\0\0\0abcd", 8)), "ends before string 1");
  expect_malformed(strings(1, std::string_view("\1\0\0\0ab", 6)), "1 bytes behind the last string");
  expect_malformed(strings(1, std::string_view("\2\0\0\0\xc0\x80", 6)), "string 0 is not UTF-8");
}

// One block whose value i is (i % 16 - 8) * 0.5.
std::string q4_block(bool sequential) {
  const std::uint16_t scale = f16_from_f32(0.5F);
  std::string block(reinterpret_cast<const char*>(&scale), 2);
  for (int i = 0; i < 16; ++i) {
    const int low = sequential ? 2 * i : i, high = sequential ? 2 * i + 1 : i + 16;
    block += char(low % 16 | (high % 16) << 4);
  }
  return block;
}

TEST(Dat, BlocksOfBothNibbleOrdersHoldTheSameValues) {
  const std::string ggml = q4_block(false) + q4_block(false), sequential = q4_block(true) + q4_block(true);
  const Constant a = read_dat(dat_file({2, 32}, 0xffffffff, 0x3040, kTract, ggml), "w.dat");
  const Constant b = read_dat(dat_file({2, 32}, 0xffffffff, 0x2040, kTract, sequential), "w.dat");
  EXPECT_TRUE(a == b);
  EXPECT_EQ(a.dtype(), DType::kF32);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(a.tensor()->as<float>()[i], float(i % 16 - 8) * 0.5F) << i;
  EXPECT_EQ(write_dat(b), dat_file({2, 32}, 0xffffffff, 0x3040, kTract, ggml));
}

TEST(Dat, BlocksTakeTheirLogicalShapeFromTheCaller) {
  const Bytes flat = dat_file({1, 64}, 0xffffffff, 0x3040, kTract, q4_block(false) + q4_block(false));
  const Constant blocks = read_dat(flat, "w.dat", Shape{1, 4, 16});
  EXPECT_EQ(blocks.shape(), Shape({1, 4, 16}));
  EXPECT_EQ(write_dat(blocks), flat);
  expect_error(ErrorCode::kMalformed, "cannot be of shape [4,16]", [&] { read_dat(flat, "w.dat", Shape{4, 16}); });
  expect_error(ErrorCode::kMalformed, "cannot be of shape [1,32]", [&] { read_dat(flat, "w.dat", Shape{1, 32}); });
}

TEST(Dat, WhatTheFormatLacksIsRefused) {
  expect_error(ErrorCode::kUnsupported, "layer.0: a .dat file cannot hold bf16",
               [] { write_dat(Constant(Tensor(DType::kBF16, {2})), "layer.0"); });
  expect_error(ErrorCode::kUnsupported, "4294967296 is too large",
               [] { write_dat(Constant(Tensor(DType::kF32, {std::int64_t(1) << 32, 0}))); });
  expect_error(ErrorCode::kUnsupported, "items of type 0 of vendor 21586 with 64 bits",
               [] { read_dat(dat_file({1}, 64, 0, kTract, "12345678"), "w.dat"); });
  expect_error(ErrorCode::kUnsupported, "items of type 0 of vendor 0 with 8 bits",
               [] { read_dat(dat_file({1}, 8, 0, 0, "1"), "w.dat"); });
}

TEST(Dat, DimensionsAreWrittenAsIntegers) {
  Tensor dims(DType::kDim, {2});
  dims.as<std::int64_t>()[0] = 7;
  dims.as<std::int64_t>()[1] = -1;
  const Constant back = read_dat(write_dat(Constant(std::move(dims))), "w.dat");
  EXPECT_EQ(back.dtype(), DType::kI64);
  EXPECT_EQ(back.tensor()->as<std::int64_t>()[1], -1);
}

TEST(Dat, DamageIsNamed) {
  const Bytes good = dat_file({2}, 32, 0, 0, "12345678");
  expect_malformed(Bytes(good.begin(), good.begin() + 100), "w.dat: no .dat tensor: it has 100 bytes");
  expect_malformed(Bytes(good.begin(), good.end() - 1), "takes 8 bytes of data; the header says 8, the file has 7");
  expect_malformed(dat_file({3}, 32, 0, 0, "12345678"), "shape [3] of 32 bits takes 12 bytes");
  expect_malformed(dat_file({2}, 32, 0, 0, "12345678", 9), "the header says 9");
  expect_malformed(dat_file(std::vector<std::uint32_t>(9, 1), 32, 0, 0, "1234"), "rank 9; expected at most 8");
  // tract 0.21.15: the product wraps around to 0, and reading goes beyond the memory taken.
  expect_malformed(dat_file(std::vector<std::uint32_t>(8, 1u << 31), 32, 0, 0, ""), "overflows");
  expect_malformed(dat_file({0xffffffff, 0x3fffffff}, 64, 0, 0, "1234"), "");
  Bytes other = good;
  other[1] = std::byte{0xee};
  expect_malformed(other, "4e ef");
  other = good;
  other[2] = std::byte{2};
  expect_malformed(other, "version 2.0; expected 1.0");
}

}  // namespace
}  // namespace kvproof
