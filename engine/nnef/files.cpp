#include "engine/nnef/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/base/error.h"

namespace kvproof {
namespace {

// Below, a copy is cheaper than a mapping, and a process may have some ten thousands of mappings only.
constexpr std::size_t kMapped = std::size_t(1) << 20;

struct Descriptor {
  Descriptor(const std::string& path, int flags) : fd(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

SharedBytes copied(const std::string& path, int fd, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::read(fd, bytes.data() + done, size - done);
    if (n < 0) throw_errno(path, "cannot be read");
    if (n == 0) throw Error(ErrorCode::kIo, path + ": became shorter while it was read");
    done += std::size_t(n);
  }
  return SharedBytes(std::move(bytes));
}

}  // namespace

SharedBytes::SharedBytes(std::vector<std::byte> owned) {
  auto kept = std::make_shared<const std::vector<std::byte>>(std::move(owned));
  bytes = *kept;
  owner = std::move(kept);
}

void throw_errno(const std::string& path, const std::string& what) {
  const int reason = errno;
  throw Error(reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              path + ": " + what + ": " + std::strerror(reason));
}

SharedBytes read_file(const std::string& path) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // opening a pipe would wait for its writer
  if (file.fd < 0) throw_errno(path, "cannot be opened");
  struct stat status{};
  if (::fstat(file.fd, &status) != 0) throw_errno(path, "cannot be read");
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kIo, path + ": not a regular file");
  const auto size = std::size_t(status.st_size);
  if (size < kMapped) return copied(path, file.fd, size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) throw_errno(path, "cannot be mapped");
  return {std::shared_ptr<const void>(data, [size](const void* p) { ::munmap(const_cast<void*>(p), size); }),
          {static_cast<const std::byte*>(data), size}};
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (file.fd < 0) throw_errno(path, "cannot be written");
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(file.fd, bytes.data() + done, bytes.size() - done);
    if (n < 0) throw_errno(path, "cannot be written");
    done += std::size_t(n);
  }
}

void replace_file(const std::string& path, const std::function<void(const std::string&)>& write) {
  const std::string beside = path + ".unfinished." + std::to_string(::getpid());
  try {
    std::remove(beside.c_str());
    write(beside);
    // The rename may reach the disk before the bytes do.
    const Descriptor file(beside, O_RDONLY);
    if (file.fd < 0 || ::fsync(file.fd) != 0) throw_errno(path, "cannot be written");
    if (std::rename(beside.c_str(), path.c_str()) != 0) throw_errno(path, "cannot be written");
  } catch (...) {
    std::remove(beside.c_str());
    throw;
  }
}

}  // namespace kvproof
