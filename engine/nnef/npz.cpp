#include "engine/nnef/npz.h"

#include <filesystem>
#include <set>

#include "engine/nnef/npy.h"

namespace kvproof {
namespace {

constexpr std::string_view kSuffix = ".npy";

std::vector<NamedTensor> read_members(SharedBytes zip, const std::string& label, const ArchiveLimits& limits) {
  std::vector<NamedTensor> tensors;
  std::set<std::string> names;
  EntryReader entries(std::move(zip), label, EntryReader::Format::kZip, limits);
  while (entries.next()) {
    std::string name = entries.name();
    if (!name.ends_with(kSuffix) || name.size() == kSuffix.size())
      entries.malformed("expected the name of a .npy file");
    name.resize(name.size() - kSuffix.size());
    if (!names.insert(name).second) entries.malformed("stands twice");
    const SharedBytes content = entries.read();
    tensors.push_back({name, parse_npy(content.bytes, label + ": " + name)});
  }
  return tensors;
}

void write_single(const std::string& path, const NamedTensor& named) {
  const TensorView view = named.tensor.view();
  const std::vector<std::byte> header = npy_header(view, path);
  save_file(path, [&](const ByteSink& out) {
    out(header);
    out({view.data, view.size_bytes()});
  });
}

}  // namespace

std::vector<NamedTensor> read_npz(const std::string& path, const ArchiveLimits& limits) {
  SharedBytes file = read_file(path);
  if (!file.bytes.empty() && file.bytes.front() == std::byte{0x93}) {  // as no zip begins
    std::vector<NamedTensor> single;
    single.push_back({std::filesystem::path(path).stem().string(), parse_npy(file.bytes, path)});
    return single;
  }
  return read_members(std::move(file), path, limits);
}

std::vector<NamedTensor> read_npz(std::span<const std::byte> zip, const std::string& label,
                                  const ArchiveLimits& limits) {
  return read_members({nullptr, zip}, label, limits);
}

void write_npz(const std::string& path, std::span<const NamedTensor> tensors) {
  std::set<std::string> names;
  for (const NamedTensor& named : tensors) KVPROOF_CHECK(!named.name.empty() && names.insert(named.name).second);
  if (path.ends_with(kSuffix)) {
    KVPROOF_CHECK(tensors.size() == 1);
    return write_single(path, tensors.front());
  }
  replace_file(path, [&](const std::string& beside) {
    EntryWriter zip(beside, EntryWriter::Format::kZip);
    for (const NamedTensor& named : tensors) {
      const TensorView view = named.tensor.view();
      const std::vector<std::byte> header = npy_header(view, path + ": " + named.name);
      zip.add(named.name + std::string(kSuffix), {header, {view.data, view.size_bytes()}});
    }
    zip.close();
  });
}

}  // namespace kvproof
