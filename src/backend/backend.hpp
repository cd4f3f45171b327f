#pragma once
// The seam in C++: a context of one table (operations.hpp), what it keeps resident, and the batch operations with our types.
// The rooms above compute through this and cannot tell where the work is done.
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "atoms/atom_sums.hpp"
#include "backend/operations.hpp"
#include "core/threads.hpp"
#include "fourier/density_compensation.hpp"
#include "pose/exhaustive_search.hpp"
#include "pose/image_equations.hpp"
#include "pose/image_preparation.hpp"
#include "pose/pose_polish.hpp"
#include "pose/prepared_images.hpp"
#include "pose/soft_assignment.hpp"
#include "pose/stochastic_hill_climbing.hpp"

namespace tumble {

namespace backend {

/// A context and the threads that it was given; destroyed with the last handle or Backend that uses it.
struct Session {
    Session(const Operations& operations, int device, int threads);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const Operations& table;
    ThreadPool pool;
    Context* context = nullptr;
};

/// Owner of a handle; keeps its session alive, so handles may die in any order.
template <class Handle>
class Owned {
  public:
    using Destroy = void (*)(Context*, Handle*);
    Owned() = default;
    Owned(std::shared_ptr<Session> session, Handle* handle, Destroy destroy) : handle_(handle, {std::move(session), destroy}) {}
    Handle* get() const { return handle_.get(); }

  private:
    struct Release {
        std::shared_ptr<Session> session;
        Destroy destroy = nullptr;
        void operator()(Handle* handle) const { destroy(session->context, handle); }
    };
    std::unique_ptr<Handle, Release> handle_;
};

}  // namespace backend

/// Prepared images where the backend computes. The host's copy is borrowed: it has to outlive this and to stay as it is.
class ResidentImages {
  public:
    ResidentImages() = default;
    const PreparedImages& host() const { return *host_; }
    operator const PreparedImages&() const { return *host_; }
    const PreparedImages* operator->() const { return host_; }

  private:
    friend class Backend;
    const PreparedImages* host_ = nullptr;
    backend::Owned<backend::Images> handle_;
};

/// A map's padded transform where the backend computes.
class ResidentTransform {
    friend class Backend;
    backend::Owned<backend::Transform> handle_;
};

/// Normal equations where the backend computes.
class ResidentEquations {
    friend class Backend;
    int box_ = 0;
    backend::Owned<backend::Equations> handle_;
};

/// Everything that the search over all orientations scores with, packed where the backend computes.
class ResidentSearch {
    friend class Backend;
    int angles_ = 0;
    std::int64_t directions_ = 0;
    backend::Owned<backend::Search> handle_;
};
/// Rows (an image at a shift) of such a search.
class ResidentRows {
    friend class Backend;
    std::int64_t rows_ = 0;
    backend::Owned<backend::Rows> handle_;
};

/// How images own the rows of a batch: SearchRows (pose/search_rows.hpp) without the panel.
struct RowOwners {
    std::span<const std::int64_t> first_row;
    std::int64_t first_image = 0;
    std::span<const std::int64_t> numbers = {};
    std::int64_t images() const { return static_cast<std::int64_t>(first_row.size()) - 1; }
};

/// A context of one backend. Every operation gives what the function of src/fourier, src/pose or src/atoms that is named beside it
/// gives, and throws Error: of the kind that the function would throw, or system where the backend fails or lacks the
/// operation. Copies share the context. One thread at a time.
class Backend {
  public:
    /// threads 0: all cores. The table has to outlive the backend.
    Backend(const backend::Operations& table, int device, int threads);

    /// For loops that stay on the host.
    ThreadPool& pool() const { return session_->pool; }
    /// "cpu", "cuda:0", or "cuda:0,1".
    const std::string& device() const { return device_; }
    /// Number of the device whose memory the backend reaches besides the host's, the first of several; -1: none.
    int memory_device() const { return memory_device_; }

    /// Callers' arrays between the host and that memory, after what `stream` (a cudaStream_t; none: one of the backend's own) was
    /// given before; complete at return.
    void copy_to_host(void* to, const void* from, std::int64_t bytes, std::optional<void*> stream) const;
    void copy_from_host(void* to, const void* from, std::int64_t bytes, std::optional<void*> stream) const;

    ResidentImages resident(const PreparedImages& images) const;
    /// prepare_images into `host`, which is to stay where it is. On a device the transforms are not copied back: host.values is empty.
    ResidentImages prepare(StackView stack, const ImagePreparationOptions& options, PreparedImages& host, Progress& progress) const;
    /// Images times -1, here and on the device. `host` is what `images` were prepared into or made from.
    void negate(ResidentImages& images, PreparedImages& host) const;
    /// padded_transform
    ResidentTransform transform(VolumeView map, const GriddingWindow& window, double padding_factor) const;
    /// sample_slices
    void sample_slices(const ResidentTransform& transform, std::span<const Mat3f> rotations,
                       std::span<const FrequencyPoint> points, Complexf* out) const;

    /// score_candidates, polish_poses, polish_shifts
    void score_candidates(const ResidentImages& images, const ResidentTransform& map, const PolishOptions& options,
                          std::span<PoseCandidate> candidates) const;
    void polish_poses(const ResidentImages& images, const ResidentTransform& map, const PolishOptions& options,
                      std::span<PoseCandidate> candidates) const;
    void polish_shifts(const ResidentImages& images, const ResidentTransform& map, const PolishOptions& options,
                       std::span<PoseCandidate> candidates) const;

    /// accumulate_images
    ResidentEquations accumulate(const ResidentImages& images, std::span<const WeightedPose> poses, Band band,
                                 const GriddingWindow& window, double padding_factor) const;
    ResidentEquations copy(const ResidentEquations& equations) const;
    void add(ResidentEquations& equations, const ResidentEquations& other) const;
    void subtract(ResidentEquations& equations, const ResidentEquations& other) const;
    /// solve
    Volume solve(const ResidentEquations& equations, const SolveOptions& options) const;

    /// pack_directions of the map's slices, polar_samples of the images
    ResidentSearch search(const ResidentImages& images, const ResidentTransform& map, const PolarGrid& grid,
                          const AngularBasis& basis, std::span<const float> weights, std::span<const Mat3f> directions) const;
    /// pack_rows
    ResidentRows rows(const ResidentSearch& search, std::span<const std::int64_t> images, std::span<const Vec2> shifts_px) const;
    /// score_pairs; maxima: rows * 2 * directions
    void score_pairs(const ResidentSearch& search, const ResidentRows& rows, std::span<const float> threshold,
                     std::span<float> maxima) const;
    /// score_angles of each pair; curve i begins at i * angles
    std::vector<float> score_curves(const ResidentSearch& search, const ResidentRows& rows, std::span<const SearchPair> pairs) const;
    /// exhaustive_search, soft_assignment, hill_climb
    std::vector<std::vector<SearchPair>> best_pairs(const ResidentSearch& search, const ResidentRows& rows, const RowOwners& owners,
                                                    const ExhaustiveOptions& options, std::span<const float> incumbent) const;
    std::vector<std::vector<WeightedPair>> soft_pairs(const ResidentSearch& search, const ResidentRows& rows,
                                                      const RowOwners& owners, const SoftOptions& options) const;
    std::vector<HillClimbStep> hill_climb(const ResidentSearch& search, const ResidentRows& rows, const RowOwners& owners,
                                          std::span<const float> previous, std::span<const ViewList> views,
                                          const HillClimbOptions& options) const;

    /// add_profile_sums, add_atom_gradients
    void add_profile_sums(const ResidentImages& images, const AtomScene& scene, bool depth, ProfileSums& sums) const;
    void add_atom_gradients(const ResidentImages& images, const AtomScene& scene, const ProjectedProfile& profile,
                            const AtomGradients& out) const;
    /// overlap_sums of each pair
    std::vector<OverlapSums> overlap_sums(std::span<const Vec3> apart_A, std::span<const WeightedView> views,
                                          const OverlapTable& overlap) const;

  private:
    /// Calls an entry of the table; throws where it is missing or fails.
    template <class Entry, class... Arguments>
    void call(Entry entry, const char* name, Arguments... arguments) const;
    backend::CandidateArguments arguments_of(const PolishOptions& options, std::span<PoseCandidate> candidates) const;

    std::shared_ptr<backend::Session> session_;
    std::string device_;
    int memory_device_;
};

/// The backend of this library that every machine has.
Backend cpu_backend(int threads = 0);

}  // namespace tumble
