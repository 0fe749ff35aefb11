#include "engine/model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>

#include "engine/base/error.h"

namespace kvproof {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& path) {
  throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, path + ": " + std::strerror(errno));
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const Descriptor file(path);
  if (file.fd() < 0) fail(path);
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0) fail(path);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kIo, path + ": not a file");
  const auto size = std::size_t(status.st_size);
  if (size == 0) return;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (data == MAP_FAILED) fail(path);
  mapping_ = {data, [size](const void* begin) { ::munmap(const_cast<void*>(begin), size); }};
  bytes_ = {static_cast<const std::byte*>(data), size};
}

void MappedFile::give_back(std::span<const std::byte> bytes) const {
  const std::less<const std::byte*> before;
  if (before(bytes.data(), bytes_.data()) || before(bytes_.data() + bytes_.size(), bytes.data() + bytes.size())) return;
  // Whole pages only: the ends are shared with neighbours.
  const auto page = std::uintptr_t(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace kvproof
