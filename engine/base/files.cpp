#include "engine/base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "engine/base/error.h"

namespace kvproof {
namespace {

// Below, a copy is cheaper than a mapping, and a process may have some ten thousands of mappings only.
constexpr std::size_t kMapped = std::size_t(1) << 20;

[[noreturn]] void cannot(ErrorCode code, const std::string& path, const std::string& what) {
  const std::string reason = std::strerror(errno);
  throw Error(code, path + ": " + what + ": " + reason);
}
[[noreturn]] void cannot_read(const std::string& path, const std::string& what) {
  cannot(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, path, what);
}
[[noreturn]] void cannot_write(const std::string& path) { cannot(ErrorCode::kIo, path, "cannot be written"); }

struct Descriptor {
  Descriptor(const std::string& path, int flags) : fd(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

// A regular file, open for reading.
class InputFile {
 public:
  explicit InputFile(const std::string& path)
      : path_(path), file_(path, O_RDONLY | O_NONBLOCK) {  // opening a pipe would wait for its writer
    if (file_.fd < 0) cannot_read(path, "cannot be opened");
    struct stat status{};
    if (::fstat(file_.fd, &status) != 0) cannot_read(path, "cannot be read");
    if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kIo, path + ": not a regular file");
    size_ = std::size_t(status.st_size);
  }

  std::size_t size() const { return size_; }

  SharedBytes copied() const {
    std::vector<std::byte> bytes(size_);
    for (std::size_t done = 0; done < size_;) {
      const ssize_t n = ::read(file_.fd, bytes.data() + done, size_ - done);
      if (n < 0) cannot_read(path_, "cannot be read");
      if (n == 0) throw Error(ErrorCode::kIo, path_ + ": became shorter while it was read");
      done += std::size_t(n);
    }
    return SharedBytes(std::move(bytes));
  }

  SharedBytes mapped() const {
    if (size_ == 0) return {};
    void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.fd, 0);
    if (data == MAP_FAILED) cannot_read(path_, "cannot be mapped");
    return {std::shared_ptr<const void>(data, [n = size_](const void* p) { ::munmap(const_cast<void*>(p), n); }),
            {static_cast<const std::byte*>(data), size_}};
  }

 private:
  const std::string& path_;
  Descriptor file_;
  std::size_t size_ = 0;
};

// A file that was not there before, so that no link leads elsewhere. Messages name `shown`.
class NewFile {
 public:
  NewFile(const std::string& path, const std::string& shown)
      : shown_(shown), file_(std::fopen(path.c_str(), "wbxe"), std::fclose) {
    if (!file_) cannot_write(shown_);
  }

  void write(std::span<const std::byte> bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) cannot_write(shown_);
  }
  void close() {
    if (std::fclose(file_.release()) != 0) cannot_write(shown_);
  }

 private:
  const std::string& shown_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

// The rename may reach the disk before the bytes do.
void sync_file(const std::string& beside, const std::string& path) {
  const Descriptor file(beside, O_RDONLY);
  if (file.fd < 0 || ::fsync(file.fd) != 0) cannot_write(path);
}

// Makes a rename in the folder of `path` survive a loss of power.
void sync_folder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Descriptor file(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
  // Some file systems sync no folder, and say so.
  if (file.fd < 0 || (::fsync(file.fd) != 0 && errno != EINVAL)) {
    cannot(ErrorCode::kIo, path, "is written, but its folder cannot be synced");
  }
}

}  // namespace

SharedBytes::SharedBytes(std::vector<std::byte> owned) {
  auto kept = std::make_shared<const std::vector<std::byte>>(std::move(owned));
  bytes = *kept;
  owner = std::move(kept);
}

MappedFile::MappedFile(const std::string& path) : mapping_(InputFile(path).mapped()) {}

void MappedFile::give_back(std::span<const std::byte> bytes) const {
  const auto address = [](const std::byte* p) { return reinterpret_cast<std::uintptr_t>(p); };
  const std::uintptr_t start = address(mapping_.bytes.data()), first = address(bytes.data());
  if (first < start || first + bytes.size() > start + mapping_.bytes.size()) return;
  // Whole pages only: the ends are shared with neighbours.
  const auto page = std::uintptr_t(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = (first + page - 1) / page * page, end = (first + bytes.size()) / page * page;
  auto* data = const_cast<std::byte*>(mapping_.bytes.data());
  if (begin < end) ::madvise(data + (begin - start), end - begin, MADV_DONTNEED);
}

SharedBytes read_file(const std::string& path) {
  const InputFile file(path);
  return file.size() < kMapped ? file.copied() : file.mapped();
}

void save_file(const std::string& path, const std::function<void(const ByteSink&)>& write) {
  replace_file(path, [&](const std::string& beside) {
    NewFile file(beside, path);
    write([&](std::span<const std::byte> bytes) { file.write(bytes); });
    file.close();
  });
}

void replace_file(const std::string& path, const std::function<void(const std::string&)>& write) {
  const std::string beside = path + ".unfinished." + std::to_string(::getpid());
  try {
    std::remove(beside.c_str());
    write(beside);
    sync_file(beside, path);
    if (std::rename(beside.c_str(), path.c_str()) != 0) cannot_write(path);
  } catch (...) {
    std::remove(beside.c_str());
    throw;
  }
  sync_folder(path);
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  NewFile file(path, path);
  file.write(bytes);
  file.close();
}

}  // namespace kvproof
