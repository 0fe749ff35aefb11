#include "engine/tensor/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <tuple>

#include "engine/base/error.h"

namespace kvproof {
namespace {

// In the order of DType.
constexpr std::array<std::string_view, 13> kTypeNames{"F32",  "F16", "BF16", "I8",  "U8",  "I32", "I64",
                                                      "BOOL", "F64", "I16",  "U16", "U32", "U64"};

struct FileDescriptor {
  explicit FileDescriptor(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~FileDescriptor() {
    if (fd >= 0) ::close(fd);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int fd;
};

std::string system_error() { return std::strerror(errno); }

// What a program has copied out of a mapped file need not stay in its memory. Pages that neighbours share stay.
void give_back(std::span<const std::byte> data) {
  const auto page = std::size_t(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(data.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data.data()) + data.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// The rules for a file's text: the header padded with spaces, so that the data begins at a multiple
// of 8.
std::string header_text(const std::vector<const NamedTensor*>& tensors, const TensorMetadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor* t : tensors) {
    const std::size_t end = offset + t->tensor.view().size_bytes();
    KVPROOF_CHECK(t->name != "__metadata__" && !header.contains(t->name));
    const auto dims = t->tensor.shape().dims();
    const DType type = t->tensor.dtype() == DType::kDim ? DType::kI64 : t->tensor.dtype();
    header[t->name] = {{"dtype", kTypeNames[std::size_t(type)]},
                       {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())},
                       {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  const FileDescriptor file(path);
  if (file.fd < 0) {
    throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, path + ": " + system_error());
  }
  struct stat status{};
  if (::fstat(file.fd, &status) != 0) throw Error(ErrorCode::kIo, path + ": " + system_error());
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kIo, path + ": not a file");
  const auto size = std::size_t(status.st_size);
  if (size == 0) throw Error(ErrorCode::kMalformed, path + ": not a safetensors file: it is empty");
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) throw Error(ErrorCode::kIo, path + ": " + system_error());
  std::shared_ptr<const void> mapping(data, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
  SafetensorsFile result = view({static_cast<const std::byte*>(data), size}, path);
  result.mapping_ = std::move(mapping);
  return result;
}

SafetensorsFile SafetensorsFile::view(std::span<const std::byte> bytes, const std::string& label) {
  SafetensorsFile file;
  file.label_ = label;
  file.bytes_ = bytes;
  file.header_ = parse_safetensors_header(bytes, label);
  for (std::size_t i = 0; i < file.header_.entries.size(); ++i) {
    file.index_[file.header_.entries[i].name] = i;
  }
  return file;
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> result;
  for (const SafetensorsEntry& entry : header_.entries) result.push_back(entry.name);
  return result;
}

const SafetensorsEntry& SafetensorsFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw Error(ErrorCode::kNotFound, label_ + ": has no tensor '" + name + "'");
  }
  return header_.entries[found->second];
}

TensorInfo SafetensorsFile::info(const std::string& name) const {
  const SafetensorsEntry& entry = find(name);
  const auto type = std::ranges::find(kTypeNames, std::string_view(entry.type));
  if (type == kTypeNames.end()) {
    throw Error(ErrorCode::kUnsupported,
                label_ + ": tensor '" + name + "': dtype " + entry.type +
                    " is unsupported; supported are F32, F16, BF16, I8, U8, I32, I64, BOOL, F64, I16, U16, U32, U64");
  }
  return {DType(type - kTypeNames.begin()), entry.shape};
}

Tensor SafetensorsFile::read(const std::string& name) const {
  const TensorInfo what = info(name);
  const SafetensorsEntry& entry = find(name);
  const auto data = bytes_.subspan(header_.data_begin + entry.begin, entry.end - entry.begin);
  if (what.dtype == DType::kBool && std::ranges::any_of(data, [](std::byte b) { return b > std::byte{1}; })) {
    throw Error(ErrorCode::kMalformed, label_ + ": tensor '" + name + "': a BOOL is neither 0 nor 1");
  }
  Tensor result(what.dtype, what.shape);
  if (!data.empty()) std::memcpy(result.view().data, data.data(), data.size());
  if (mapping_) give_back(data);
  return result;
}

void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const TensorMetadata& metadata) {
  std::vector<const NamedTensor*> ordered;
  for (const NamedTensor& t : tensors) ordered.push_back(&t);
  std::ranges::sort(ordered, [](const NamedTensor* a, const NamedTensor* b) {
    const std::size_t width_a = size_of(a->tensor.dtype()), width_b = size_of(b->tensor.dtype());
    return std::tie(width_b, a->name) < std::tie(width_a, b->name);
  });
  const std::string header = header_text(ordered, metadata);
  const std::uint64_t length = header.size();

  const std::string unfinished = path + ".unfinished." + std::to_string(::getpid());
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(header.data(), std::streamsize(header.size()));
  for (const NamedTensor* t : ordered) {
    const TensorView view = t->tensor.view();
    out.write(reinterpret_cast<const char*>(view.data), std::streamsize(view.size_bytes()));
  }
  out.close();
  if (!out || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    const std::string why = system_error();
    std::remove(unfinished.c_str());
    throw Error(ErrorCode::kIo, path + ": cannot be written: " + why);
  }
}

}  // namespace kvproof
