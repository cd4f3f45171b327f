#pragma once
// Stochastic hill climbing: an image visits the candidate poses in random order and takes the first that
// scores better than its pose of the pass before (Elmlund & Elmlund, J. Struct. Biol. 180, 420, 2012); if
// none does, the best of all.
//
// A pair's maximum does not depend on the order of visits, so the rule is applied to maxima computed in
// batches and gives, bit for bit, what visiting the candidates one by one gives.
#include <cstdint>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "pose/search_rows.hpp"

namespace tumble {

/// A uniformly random permutation of 0 .. count-1, drawn as far as it is asked for (Fisher & Yates).
class VisitingOrder {
  public:
    VisitingOrder(std::int64_t count, RandomStream random);
    /// The next candidate; to be called at most `count` times.
    std::int64_t next();

  private:
    RandomStream random_;
    std::vector<std::uint32_t> candidates_;
    std::size_t drawn_ = 0;
};

/// What an image does in one pass.
struct HillClimbStep {
    SearchPair pair;
    std::int64_t visited = 0;  ///< candidates that a walk one by one would have scored
    bool improved = false;     ///< false: no candidate beat the previous score, `pair` is the best of all
    friend bool operator==(const HillClimbStep&, const HillClimbStep&) = default;
};

/// Views 2 d + h that an image may take, ascending or not; empty means all 2 D.
using ViewList = std::vector<std::int64_t>;

/// Position in the visiting order of the first score above `previous`, or -1; `candidate` receives its index.
/// Scores that are not above `previous` may be -infinity.
struct FirstImprovement {
    std::int64_t candidate = -1, visited = 0;
};
FirstImprovement first_improvement(std::span<const float> scores, float previous, VisitingOrder order);

struct HillClimbOptions {
    std::uint64_t seed = 0;
    std::uint32_t pass = 0;
    RandomPurpose purpose = RandomPurpose::visiting_order;
    std::int64_t batch_rows =
        64;  ///< rows scored at once, at least those of one image: bounds the memory only
};

/// One pass over all images. Candidates of image i: its rows times its views (`views` one list an image, or
/// none), in the order of its stream (seed, its number, purpose, pass). `previous`: score of each
/// image's present pose. Same result for any batch and thread count.
std::vector<HillClimbStep> hill_climb(const AngularBasis& basis, const DirectionPanel& directions,
                                      const SearchRows& rows, std::span<const float> previous,
                                      std::span<const ViewList> views, const HillClimbOptions& options,
                                      ThreadPool& pool);

/// The rule by its definition: scores candidates one at a time until one improves. For tests and comparisons.
std::vector<HillClimbStep> hill_climb_one_by_one(const AngularBasis& basis, const DirectionPanel& directions,
                                                 const SearchRows& rows, std::span<const float> previous,
                                                 std::span<const ViewList> views,
                                                 const HillClimbOptions& options);

/// Neighbourhood form: the `count` views nearest to the view direction `view` (third row of the image's
/// rotation), nearest first, ties to the lower index. `bases` are the R_d of the directions.
ViewList nearest_views(std::span<const Mat3> bases, Vec3 view, std::int64_t count);

/// Views in the neighbourhood in pass `pass` of `passes`: grows geometrically from `smallest` to all of
/// `total`.
std::int64_t neighbourhood_size(int pass, int passes, std::int64_t smallest, std::int64_t total);

}  // namespace tumble
