// A checkpoint under measurement: opened once, its decoder built once, and shared by all cells.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/units.h"
#include "engine/graph/model.h"
#include "engine/model/config.h"

namespace kvproof {

// Caches as the decoder is built: rows are concatenated, attention stands apart. What every ratio is relative to.
inline constexpr const char* kUnfused = "unfused";

class MeasuredModel {
 public:
  // Throws what open_checkpoint and build_decoder throw.
  explicit MeasuredModel(const std::string& path);

  const std::string& path() const { return path_; }
  std::string name() const;  // the folder's or the file's
  const ModelConfig& config() const { return config_; }
  bool has_local_layers() const;
  bool has_global_layers() const;
  Geometry geometry() const;  // of one layer's cache, for one sequence
  DType dtype() const;        // in which most of the weights are stored

  std::size_t weight_bytes() const;
  // Of them, what one token has to read: all but a table of which it takes a row.
  std::size_t weight_bytes_per_token() const;

  // The decoder with other caches: kUnfused, or as `kvproof generate --cache` spells them. Throws what choose_caches
  // throws. Each layer that keeps its ordinary caches although the spelling is for all has a note.
  Model decoder(const std::string& caches, std::vector<std::string>* notes = nullptr) const;

 private:
  std::string path_;
  ModelConfig config_;
  Model unfused_;
};

// What the caches of a decoder hold behind `tokens` tokens of one sequence, by what its strategies say.
std::size_t cache_bytes(const Model& decoder, const MeasuredModel& model, Position tokens);

// Whether a decoder computes what the unfused one does, up to rounding: its strategies keep f32 rows as they are and,
// over `tokens` tokens, show what each layer should see.
bool is_exact(const Model& decoder, const MeasuredModel& model, Position tokens);

// Which caches the suite gives a model: kUnfused, then for each strategy the layers that it fits, with the model's own
// windows (or `in_place`) in the others. A strategy that fits no layer has none.
std::vector<std::string> caches_for(const MeasuredModel& model, const std::vector<std::string>& strategies);

}  // namespace kvproof
