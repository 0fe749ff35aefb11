#include "benches/support/load_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "benches/support/clock.h"
#include "benches/support/measured_model.h"
#include "benches/support/model_text.h"
#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/graph/plan.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw Error(ErrorCode::kIo, path + ": cannot be opened");
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

Buffer read_whole(const std::string& path) {
  constexpr std::size_t kPiece = std::size_t(4) << 20;
  const File file(path);
  Buffer buffer(fs::file_size(path));
  for (std::size_t at = 0; at < buffer.size();) {
    const ssize_t got = ::read(file.fd(), buffer.data() + at, std::min(kPiece, buffer.size() - at));
    if (got <= 0) throw Error(ErrorCode::kIo, path + ": cannot be read");
    at += std::size_t(got);
  }
  return buffer;
}

LoadProbeResult probe_read(const std::string& model) {
  LoadProbeResult result;
  const double start = now_ns();
  std::vector<Buffer> files;
  for (const std::string& path : weight_files(model)) files.push_back(read_whole(path));
  result.ns = now_ns() - start;
  result.peak_bytes = peak_bytes();
  return result;
}

// Between quotes, as a shell reads it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

LoadProbeResult probe_apart(const LoadProbe& probe) {
  const std::string program = fs::read_symlink("/proc/self/exe").string();
  const char* const kind = probe.kind == LoadProbe::Kind::kLoad ? "load" : "read";
  const std::string tokens = probe.tokens > 0 ? fmt::format("--tokens {}", probe.tokens) : "";
  const std::string command = fmt::format("{} --probe {} --model {} --cache {} --threads {} {}", quoted(program), kind,
                                          quoted(probe.model), quoted(probe.caches), probe.threads, tokens);
  std::FILE* pipe = ::popen(command.c_str(), "re");
  if (!pipe) throw Error(ErrorCode::kIo, program + ": cannot be started");
  std::string text;
  std::array<char, 4096> piece;
  for (std::size_t n = 0; (n = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;) text.append(piece.data(), n);
  const int status = ::pclose(pipe);
  const nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !line.is_object()) {
    throw Error(ErrorCode::kIo, program + ": a process that was to load the model failed");
  }
  return {line["ns"], line["weight_bytes"], line["cache_bytes"], line["peak_bytes"]};
}

LoadProbeResult probe_load(const LoadProbe& probe) {
  if (probe.kind == LoadProbe::Kind::kRead) return probe_read(probe.model);
  LoadProbeResult result;
  const double start = now_ns();
  const MeasuredModel model(probe.model);
  const Model decoder = model.decoder(probe.caches);
  const Plan plan(decoder);
  result.ns = now_ns() - start;
  result.weight_bytes = model.weight_bytes();
  result.cache_bytes = cache_bytes(decoder, model, probe.tokens);
  std::optional<ModelText> text;
  if (probe.tokens > 0) text.emplace(decoder, model.config(), probe.tokens, 1);
  result.peak_bytes = peak_bytes();
  return result;
}

std::string str(const LoadProbeResult& r) {
  const nlohmann::json line = {
      {"ns", r.ns}, {"weight_bytes", r.weight_bytes}, {"cache_bytes", r.cache_bytes}, {"peak_bytes", r.peak_bytes}};
  return line.dump();
}

std::vector<std::string> weight_files(const std::string& model) {
  std::vector<std::string> files;
  if (!fs::is_directory(model)) {
    files.push_back(model);
  } else {
    for (const fs::directory_entry& entry : fs::directory_iterator(model)) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
  }
  if (files.empty()) throw Error(ErrorCode::kNotFound, model + ": holds no weights");
  return files;
}

void forget_files(const std::vector<std::string>& files) {
  for (const std::string& path : files) {
    const File file(path);
    ::fdatasync(file.fd());  // what is not on the disk yet stays
    ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

LoadProbeArm::LoadProbeArm(LoadProbe probe, Residency files)
    : probe_(std::move(probe)), residency_(files), files_(weight_files(probe_.model)) {}

std::optional<double> LoadProbeArm::run(int calls) {
  double ns = 0;
  for (int i = 0; i < calls; ++i) {
    if (residency_ == Residency::kCold) forget_files(files_);
    ns += probe_apart(probe_).ns;
  }
  return ns;
}

}  // namespace kvproof
