#pragma once
// Choices among candidates whose scores lie in a table on the device: lists of the best, and the first
// improvement of stochastic hill climbing. The table stays there; what comes back is the size of the choice.
//
// Candidate c of an image is its row c / V and its view number c % V, V the length of the image's list of
// views or the number of all (view 2 d + h). A choice is a key, (score, candidate) in one number, the larger
// the better: higher score, then lower candidate, which is lower row, then lower view or earlier in the list.
// No two keys are equal, so that a choice does not depend on the order in which candidates are looked at.
#include <cstdint>

#include "resident.hpp"

namespace tumble::cuda {

using CandidateKey = unsigned long long;
/// Greatest number of candidates of an image.
inline constexpr std::int64_t most_candidates = 0xffffffff;

std::uint32_t candidate_of(CandidateKey key);
float score_of(CandidateKey key);

/// Scores of rows first_row .. first_row + rows - 1, [row][column].
struct ScoreTable {
    const float* scores = nullptr;
    std::int64_t columns = 0, first_row = 0, rows = 0;
    std::int64_t first_view = 0,
                 views = 0;  ///< view v is in column v - first_view; others are not in the table
    const int* block_position =
        nullptr;  ///< or, [block of 8 directions]: its columns begin at 16 block_position
};

/// Images first_image .. first_image + images - 1 of a batch; the arrays are in device memory and begin with
/// image 0.
struct ImageCandidates {
    const std::int64_t* first_row = nullptr;  ///< [image + 1]
    std::int64_t first_image = 0, images = 0;
    std::int64_t all_views = 0;
    const int* views = nullptr;  ///< lists one after the other, or null: all views for every image
    const std::int64_t* first_view =
        nullptr;  ///< [image + 1], where each list begins; an empty one stands for all views
};

/// The best candidates of each image so far, best first. Arrays in device memory, of all images of the batch.
struct BestLists {
    CandidateKey* keys = nullptr;      ///< [image][capacity]
    int* found = nullptr;              ///< [image]
    const float* incumbent = nullptr;  ///< [image], or null; +infinity: this image is left alone
    int capacity = 0;
    float cut = 0;  ///< candidates worse than the best by more will be dropped by the caller
};

/// Offers the table's scores above -infinity to the lists, then sets threshold[row of the table] to what a
/// score of the row's image must exceed to enter. With a table without views only the thresholds are set.
void offer_scores(Device& device, const ScoreTable& table, const ImageCandidates& candidates,
                  const BestLists& lists, float* threshold);

/// First improvement of an image.
struct Climb {
    float score;  ///< of the chosen candidate
    std::uint32_t candidate, improved;
    std::uint32_t visited;
};
struct ClimbRule {
    const float* previous = nullptr;         ///< [image]
    const std::uint32_t* numbers = nullptr;  ///< [image], key of its random stream
    std::uint64_t seed = 0;
    std::uint32_t purpose = 0, pass = 0;
    unsigned* marks = nullptr;   ///< scratch, [image from first_image][words]
    std::int64_t words = 0;      ///< at least a bit for each candidate of an image
    Climb* climbs = nullptr;     ///< [image], written
    float* incumbent = nullptr;  ///< [image], written: +infinity where the image improved, else -infinity
};
/// Visits each image's candidates in the order of VisitingOrder (pose/stochastic_hill_climbing.hpp) until one
/// scores above `previous`.
void first_improvements(Device& device, const ScoreTable& table, const ImageCandidates& candidates,
                        const ClimbRule& rule);

/// threshold[row of the table] = value[image of the row].
void spread_over_rows(Device& device, const ScoreTable& table, const ImageCandidates& candidates,
                      const float* value, float* threshold);

}  // namespace tumble::cuda
