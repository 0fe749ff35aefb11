// .npz and .npy: every type there and back, what numpy writes, and what is refused.
#include "engine/nnef/npz.h"

#include "engine/nnef/npy.h"
#include "engine/nnef/tests/containers.h"

namespace kvproof {
namespace {

// A .npy of format 1 with this header text.
std::string npy_file(std::string header, std::string_view data) {
  header += '\n';
  return std::string("\x93NUMPY\1\0", 8) + char(header.size() & 0xff) + char(header.size() >> 8) + header +
         std::string(data);
}

Tensor parsed(const std::string& file) { return parse_npy(std::as_bytes(std::span(file)), "a.npy"); }

void expect_header_refused(const std::string& header, const std::string& part, ErrorCode code = ErrorCode::kMalformed) {
  expect_error(code, part, [&] { parsed(npy_file(header, "12345678")); });
}

TEST(Npz, EveryTypeAndShapeComesBackInOrder) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  for (const DType dtype : kFileTypes) {
    for (const Shape& shape : odd_shapes()) {
      const std::string name =
          "turn_" + std::to_string(tensors.size() % 3) + "/" + std::string(name_of(dtype)) + shape.str();
      tensors.push_back({name, random_tensor(dtype, shape, tensors.size())});
    }
  }
  write_npz(folder.path("a.npz"), tensors);
  const std::vector<NamedTensor> back = read_npz(folder.path("a.npz"));
  ASSERT_EQ(back.size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(back[i].name, tensors[i].name);
    EXPECT_TRUE(same(back[i].tensor, tensors[i].tensor)) << tensors[i].name;
  }
}

TEST(Npz, TheSameTensorsGiveTheSameBytesInEveryTimeZone) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"x", random_tensor(DType::kF32, {5})});
  const char* zone = getenv("TZ");
  const std::string before = zone ? zone : "";
  for (const char* where : {"UTC", "Pacific/Kiritimati", "America/New_York"}) {
    setenv("TZ", where, 1);
    tzset();
    write_npz(folder.path(std::string(1, where[0])), tensors);
  }
  setenv("TZ", before.c_str(), 1);
  if (!zone) unsetenv("TZ");
  tzset();
  EXPECT_EQ(folder.get("U"), folder.get("P"));
  EXPECT_EQ(folder.get("U"), folder.get("A"));
  EXPECT_EQ(folder.files(), 3u);
}

TEST(Npz, ASingleArrayIsNamedByItsFile) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"whatever", random_tensor(DType::kI16, {2, 3})});
  write_npz(folder.path("mask.npy"), tensors);
  const std::vector<NamedTensor> back = read_npz(folder.path("mask.npy"));
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].name, "mask");
  EXPECT_TRUE(same(back[0].tensor, tensors[0].tensor));
}

TEST(Npz, AHeaderIsWrittenAsNumpyWritesIt) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"x", Tensor(DType::kF32, {3})});
  write_npz(folder.path("x.npy"), tensors);
  const std::string file = folder.get("x.npy");
  EXPECT_EQ(file.substr(0, 10), std::string("\x93NUMPY\1\0\x76\0", 10));
  EXPECT_EQ(file.substr(10, 58), "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } ");
  EXPECT_EQ(file[127], '\n');
  EXPECT_EQ(file.size(), 128u + 12u);
}

TEST(Npy, FortranOrderIsTransposed) {
  // [[1, 2, 3], [4, 5, 6]], column by column.
  const Tensor tensor = parsed(npy_file("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", "\1\4\2\5\3\6"));
  EXPECT_EQ(tensor.shape(), Shape({2, 3}));
  EXPECT_EQ(text_of({tensor.view().data, 6}), "\1\2\3\4\5\6");
}

TEST(Npy, BothByteOrdersAreRead) {
  const std::string little =
      npy_file("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", std::string("\1\2\0\0", 4));
  const std::string big =
      npy_file("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", std::string("\0\0\2\1", 4));
  const std::string native =
      npy_file("{'shape':(1,),\"fortran_order\":False,'descr':'=i4'}", std::string("\1\2\0\0", 4));
  EXPECT_EQ(*parsed(little).as<std::int32_t>(), 0x201);
  EXPECT_EQ(*parsed(big).as<std::int32_t>(), 0x201);
  EXPECT_EQ(*parsed(native).as<std::int32_t>(), 0x201);
}

TEST(Npy, Format2HasALongHeader) {
  const std::string header =
      "{'descr': '<f8', 'fortran_order': False, 'shape': (), }" + std::string(70'000, ' ') + "\n";
  const auto n = std::uint32_t(header.size());
  const std::string file =
      std::string("\x93NUMPY\2\0", 8) + std::string(reinterpret_cast<const char*>(&n), 4) + header + "12345678";
  EXPECT_EQ(parsed(file).dtype(), DType::kF64);
  EXPECT_EQ(parsed(file).shape().rank(), 0);
}

TEST(Npy, WhatIsNoHeaderIsRefused) {
  const std::string tail = ", 'fortran_order': False, 'shape': (2,), }";
  expect_header_refused("{'descr': '<U4'" + tail, "dtype '<U4'; expected f2", ErrorCode::kUnsupported);
  expect_header_refused("{'descr': '<c8'" + tail, "dtype '<c8'", ErrorCode::kUnsupported);
  expect_header_refused("{'descr': '|V2'" + tail, "dtype '|V2'", ErrorCode::kUnsupported);
  expect_header_refused("{'descr': ''" + tail, "dtype ''", ErrorCode::kUnsupported);
  expect_header_refused("{'descr': [('a', '<f4')]" + tail, "expected a string");
  expect_header_refused("{'descr': '<f4\\''" + tail, "escapes");
  expect_header_refused("{'descr': '<f4', 'descr': '<f4'" + tail, "'descr' is unknown or stands twice");
  expect_header_refused("{'descr': '<f4', 'more': '1'" + tail, "'more' is unknown");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False}", "is missing");
  expect_header_refused("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "expected True or False");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", "needs a comma");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "expected a number");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "too large");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "overflows");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "more than 8");
  expect_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
                        "of shape [3] takes 12 bytes, it has 8");
  expect_header_refused("{'descr': '<f4'" + tail + " x", "text behind the dictionary");
  expect_header_refused("{'descr': '|b1', 'fortran_order': False, 'shape': (8,)}", "neither 0 nor 1");
}

TEST(Npz, AFortranOrderThatIsALieAboutTheSizeIsRefusedBeforeItIsCopied) {
  expect_header_refused("{'descr': '<f4', 'fortran_order': True, 'shape': (1000000, 1000000)}", "it has 8");
}

TEST(Npz, WhatNumpyLacksIsRefusedAndNothingIsLeftBehind) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"x", Tensor(DType::kBF16, {3})});
  expect_error(ErrorCode::kUnsupported, "x: numpy has no type bf16; safetensors has",
               [&] { write_npz(folder.path("a.npz"), tensors); });
  EXPECT_EQ(folder.files(), 0u);
}

TEST(Npz, WhatIsNoZipIsRefused) {
  const TempFolder folder;
  const std::string text = folder.put("a.npz", "hello");
  expect_error(ErrorCode::kMalformed, text + ": damaged, or no zip", [&] { read_npz(text); });
  const std::string empty = folder.put("b.npz", "");
  expect_error(ErrorCode::kMalformed, empty + ": damaged, or no zip", [&] { read_npz(empty); });
  expect_error(ErrorCode::kNotFound, "nothing.npz", [&] { read_npz(folder.path("nothing.npz")); });
  expect_error(ErrorCode::kIo, "not a regular file", [&] { read_npz(folder.path()); });
}

// An array "x" of 25,000 zeros as numpy.savez_compressed writes it: deflated, with the 64-bit sizes of ZIP64.
constexpr std::string_view kDeflated =
    "504b03042d0000000800000021001dd87286ffffffffffffffff05001400782e6e7079010010002087010000000000c50000"
    "0000000000edc8b10ec1500040d15a7dc5db1e49874658c46c231683491a7d8d41545ec522bec20fab5f3019ced9ee7d6ff7"
    "9bdd61543c8a676c527fca7119e2aa9dc732c4b6cbf75c5f8f5d6ed2f7afeb4b9f86df9feb5b1a7a325b5455554ecbf00a3f"
    "1a17000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000c0df"
    "fa00504b01022d032d0000000800000021001dd87286c500000020870100050000000000000000000000800100000000782e"
    "6e7079504b0506000000000100010033000000fc0000000000";

Bytes from_hex(std::string_view text) {
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = std::byte(std::stoi(std::string(text.substr(2 * i, 2)), nullptr, 16));
  }
  return bytes;
}

TEST(Npz, DeflatedArraysAreReadUpToALimit) {
  const Bytes zip = from_hex(kDeflated);
  const std::vector<NamedTensor> tensors = read_npz(zip, "a.npz");
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].name, "x");
  EXPECT_EQ(tensors[0].tensor.shape(), Shape({25'000}));
  for (int i = 0; i < 25'000; ++i) EXPECT_EQ(tensors[0].tensor.as<float>()[i], 0.0F);
  expect_error(ErrorCode::kResource, "entry 'x.npy': unpacks to more than 1000 bytes in all",
               [&] { read_npz(zip, "a.npz", {10, 1000}); });
}

TEST(Npz, AFlippedBitOfAnArrayIsSeen) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"x", random_tensor(DType::kI64, {100})});
  write_npz(folder.path("a.npz"), tensors);
  std::string file = folder.get("a.npz");
  file[600] = char(file[600] ^ 1);
  expect_error(ErrorCode::kMalformed, "entry 'x.npy': damaged", [&] { read_npz(bytes_of(file), "a.npz"); });
}

TEST(Npz, MembersThatAreNoArraysOrStandTwiceAreRefused) {
  const TempFolder folder;
  const std::string array = npy_file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", "1");
  const auto write = [&](std::initializer_list<const char*> names) {
    EntryWriter zip(folder.path("a.npz"), EntryWriter::Format::kZip);
    for (const char* name : names) zip.add(name, {std::as_bytes(std::span(array))});
    zip.close();
  };
  write({"x.npy", "y.txt"});
  expect_error(ErrorCode::kMalformed, "entry 'y.txt': expected the name of a .npy file",
               [&] { read_npz(folder.path("a.npz")); });
  write({"x.npy", "x.npy"});
  expect_error(ErrorCode::kMalformed, "entry 'x.npy': stands twice", [&] { read_npz(folder.path("a.npz")); });
  write({"x.npy", "y.npy"});
  expect_error(ErrorCode::kResource, "more than 1 entries", [&] { read_npz(folder.path("a.npz"), {1, 1000}); });
  EXPECT_EQ(read_npz(folder.path("a.npz")).size(), 2u);
}

}  // namespace
}  // namespace kvproof
