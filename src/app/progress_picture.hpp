#pragma once
// progress.svg: how far the search for poses has come, drawn anew after every round.
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tumble/arrays.hpp"
#include "tumble/progress.hpp"

namespace tumble::app {

/// What the picture keeps of a RoundReport: everything but the map.
struct RoundSummary {
    int round = 0;
    bool search = false;
    double held_out_score = 0, explained = 0, moved = 0;
    std::vector<double> shares;
    std::size_t atoms = 0;
};

/// The picture as SVG text that needs no other file: the section z = box/2 of `map` (x to the right, y
/// downwards, black its lowest and white its highest value) with a bar of 5 A, the shares of the last round
/// beside those of the round before, and the held-out score of every round. `history` holds at least one
/// round, the latest last. Figures that are not finite are left out or called "not known"; without a map (box
/// 0) or a voxel size (0) so are the section and the bar.
std::string progress_svg(std::span<const RoundSummary> history, VolumeView map, double voxel_A);

/// The file at `path`: replaced whole after each round, so that a viewer never sees a part of it. Used by one
/// thread.
class ProgressPicture {
  public:
    ProgressPicture(std::filesystem::path path, double voxel_A);
    /// Adds a round and draws. A picture is not worth a run: nothing is thrown when it cannot be written; the
    /// first time a line for the log is returned, and the next rounds try again without a word.
    std::optional<std::string> add(const RoundReport& report);

  private:
    std::filesystem::path path_;
    double voxel_A_;
    std::vector<RoundSummary> history_;
    bool failed_ = false;
};

}  // namespace tumble::app
