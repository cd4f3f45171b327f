#include "reconstruct/run_state.hpp"

#include <fmt/format.h>

#include <cstring>

#include "io/hdf5_file.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t checkpoint_version = 2;
constexpr std::size_t numbers_per_candidate = 12;  // rotation by rows, shift, score

/// FNV-1a, 64 bits (Fowler, Noll & Vo): tells changed input, not an attacker.
class Fingerprint {
  public:
    void add(const void* bytes, std::size_t count) {
        const auto* p = static_cast<const unsigned char*>(bytes);
        for (std::size_t i = 0; i < count; i++) hash_ = (hash_ ^ p[i]) * 0x100000001b3ull;
    }
    template <class T>
    void add_values(const T* values, std::size_t count) {
        add(values, count * sizeof(T));
    }
    template <class T>
    void add_value(T value) {
        add(&value, sizeof value);
    }
    std::string text() const { return fmt::format("{:016x}", hash_); }

  private:
    std::uint64_t hash_ = 0xcbf29ce484222325ull;
};

void write_poses(Hdf5File& out, const std::string& group, const std::vector<PosteriorPoses>& poses) {
    std::vector<std::int64_t> candidates;
    std::vector<double> numbers, shares, margins;
    for (const auto& p : poses) {
        candidates.push_back(static_cast<std::int64_t>(p.candidates.size()));
        margins.push_back(p.margin);
        shares.insert(shares.end(), p.shares.begin(), p.shares.end());
        for (const auto& c : p.candidates) {
            numbers.insert(numbers.end(), c.pose.rotation.m.begin(), c.pose.rotation.m.end());
            numbers.insert(numbers.end(), {c.pose.shift_A.x, c.pose.shift_A.y, c.score});
        }
    }
    out.create_group(group);
    out.write(group + "/candidates", candidates);
    out.write(group + "/margins", margins);
    out.write(group + "/shares", shares);
    const std::int64_t shape[2] = {static_cast<std::int64_t>(numbers.size() / numbers_per_candidate), numbers_per_candidate};
    out.write<double>(group + "/poses", numbers, shape);
}

std::vector<PosteriorPoses> read_poses(const Hdf5File& in, const std::string& file, const std::string& group) {
    const auto candidates = in.read<std::int64_t>(group + "/candidates");
    const auto margins = in.read<double>(group + "/margins"), shares = in.read<double>(group + "/shares"), numbers = in.read<double>(group + "/poses");
    std::vector<PosteriorPoses> poses;
    std::size_t at = 0;
    for (std::size_t i = 0; i < candidates.size(); i++) {
        PosteriorPoses p;
        p.margin = margins.at(i);
        for (std::int64_t k = 0; k < candidates[i]; k++, at++) {
            if ((at + 1) * numbers_per_candidate > numbers.size() || at >= shares.size())
                throw bad_input(fmt::format("{}: the checkpoint ends at pose {}, expected more", file, at));
            PoseCandidate c;
            c.image = static_cast<std::int64_t>(i);
            const double* values = numbers.data() + at * numbers_per_candidate;
            std::copy(values, values + 9, c.pose.rotation.m.begin());
            c.pose.shift_A = {values[9], values[10]};
            c.score = values[11];
            p.candidates.push_back(c);
            p.shares.push_back(shares[at]);
        }
        poses.push_back(std::move(p));
    }
    return poses;
}

}  // namespace

std::string input_fingerprint(StackView images, const ReconstructOptions& o) {
    Fingerprint f;
    f.add_value(images.images), f.add_value(images.height), f.add_value(images.width);
    f.add_values(images.data, static_cast<std::size_t>(images.images * images.height * images.width));
    f.add_value(o.pixel_size_A);
    for (const auto& e : o.elements) f.add(e.data(), e.size());
    for (const auto& p : o.poses) f.add_values(p.rotation.m.data(), 9), f.add_value(p.shift_A.x), f.add_value(p.shift_A.y);
    f.add_values(o.halves.data(), o.halves.size());
    f.add_value(o.polish);
    if (o.reference) f.add_value(o.reference->voxel_A), f.add_values(o.reference->values.data(), o.reference->values.size());
    f.add_value(static_cast<int>(o.search));
    for (const auto& m : o.motifs) f.add(m.data(), m.size());
    f.add_value(static_cast<int>(o.order));
    f.add_value(o.max_resolution_A), f.add_value(o.diameter_A);
    f.add_value(static_cast<int>(o.contrast)), f.add_value(o.flip_hand), f.add_value(o.seed);
    return f.text();
}

void save_checkpoint(const std::string& file, const std::string& fingerprint, const RunState& state) {
    Hdf5File out = Hdf5File::create(file);
    out.create_group("checkpoint");
    out.write_integer("checkpoint", "version", checkpoint_version);
    out.write_text("checkpoint", "input_fingerprint", fingerprint);
    out.write_integer("checkpoint", "rounds_done", state.rounds_done);
    out.write_integer("checkpoint", "half_rounds_done", state.half_rounds_done);
    out.write_integer("checkpoint", "contrast_inverted", state.contrast_inverted ? 1 : 0);
    out.write_integer("checkpoint", "attempt", state.attempt);
    out.write_text("checkpoint", "start", state.start);
    out.write_text("checkpoint", "kept_start", state.kept_start);
    out.write("checkpoint/numbers", std::vector<double>{state.neighbour_A, state.shift_sigma_A, state.turn_sigma_rad, state.moved, state.strayed,
                                                        state.explained, state.kept_explained});
    write_poses(out, "checkpoint/present", state.poses);
    if (!state.kept.empty()) write_poses(out, "checkpoint/kept", state.kept);
    out.commit();
}

RunState load_checkpoint(const std::string& file, const std::string& fingerprint) {
    const Hdf5File in = Hdf5File::open(file);
    if (!in.exists("checkpoint")) throw bad_input(fmt::format("{}: found no group 'checkpoint', expected the file of an earlier run", file));
    if (const auto version = in.read_integer("checkpoint", "version"); version != checkpoint_version)
        throw bad_input(fmt::format("{}: found checkpoint version {}, expected {}", file, version, checkpoint_version));
    if (in.read_text("checkpoint", "input_fingerprint") != fingerprint)
        throw bad_input(fmt::format("{}: the checkpoint was made from other images or options; expected the same as before", file));
    RunState state;
    state.rounds_done = static_cast<int>(in.read_integer("checkpoint", "rounds_done"));
    state.half_rounds_done = static_cast<int>(in.read_integer("checkpoint", "half_rounds_done"));
    state.contrast_inverted = in.read_integer("checkpoint", "contrast_inverted") != 0;
    state.attempt = static_cast<int>(in.read_integer("checkpoint", "attempt"));
    state.start = in.read_text("checkpoint", "start");
    state.kept_start = in.read_text("checkpoint", "kept_start");
    const auto numbers = in.read<double>("checkpoint/numbers");
    state.neighbour_A = numbers.at(0), state.shift_sigma_A = numbers.at(1), state.turn_sigma_rad = numbers.at(2);
    state.moved = numbers.at(3), state.strayed = numbers.at(4), state.explained = numbers.at(5), state.kept_explained = numbers.at(6);
    state.poses = read_poses(in, file, "checkpoint/present");
    if (in.exists("checkpoint/kept")) state.kept = read_poses(in, file, "checkpoint/kept");
    return state;
}

}  // namespace tumble
