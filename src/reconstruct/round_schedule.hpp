#pragma once
// Which round comes next, and when the poses are settled.
#include <optional>

namespace tumble {

/// What the rounds so far tell the next one.
struct RoundHistory {
    int done = 0;
    double moved = 1;    ///< share of the images whose pose turned by more than 5 deg in the last round
    double strayed = 1;  ///< share that the last round with a search brought to a pose that is no mate of the former one
};

struct RoundStep {
    double temperature = 1;
    bool search = false;
};

/// The next round, or none where the poses are settled. Temperatures fall by 15 % a round: from 8 to 3 where frames are
/// consecutive (continuity decides what the scores leave open), from 4 to 1 where images are weighed one by one. Every
/// second round searches all orientations afresh while that still finds images at a wrong place of the lattice.
std::optional<RoundStep> next_round(const RoundHistory& history, bool consecutive);

}  // namespace tumble
