#include "pose/pose_polish.hpp"

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace tumble {
namespace {

constexpr double difference_step = 0.005;  // radians: 3rd-order error below 2 % of the derivative at 1/A and 12 A radius
using Parameters = Eigen::Matrix<double, 5, 1>;
using Normal = Eigen::Matrix<double, 5, 5>;

/// Works on one image at a time; owns the scratch memory of its thread.
class Polisher {
  public:
    Polisher(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options)
        : images_(images), map_(map), options_(options), points_(images.points.subspan(options.band.first, options.band.last - options.band.first)),
          slices_(7 * points_.size()), inline_(1) {
        for (const auto& point : points_) {
            column_.push_back(static_cast<int>(std::lround(static_cast<double>(point.x) * images.box)) + images.box / 2);
            row_.push_back(static_cast<int>(std::lround(static_cast<double>(point.y) * images.box)));
        }
        phase_x_.resize(static_cast<std::size_t>(images.box + 1));
        phase_y_.resize(static_cast<std::size_t>(images.box / 2 + 1));
    }

    void score(PoseCandidate& c) {
        slice(std::array{c.pose.rotation}, slices_.data());
        c.score = evaluate(c, slices_.data(), c.pose.shift_A, nullptr, nullptr);
    }

    void polish(PoseCandidate& c) {
        double damping = 1e-3;
        bool fresh = false;
        Normal normal;
        Parameters gradient;
        for (int step = 0; step < options_.steps; step++) {
            if (!fresh) {
                slice_with_neighbours(c.pose.rotation);
                c.score = evaluate(c, slices_.data(), c.pose.shift_A, &normal, &gradient);
            }
            Normal damped = normal;
            damped.diagonal() *= 1 + damping;
            const Parameters move = damped.ldlt().solve(gradient);
            if (!move.allFinite()) return;
            PoseCandidate trial = c;
            trial.pose = moved(c.pose, move);
            trial_slice_.resize(points_.size());
            slice(std::array{trial.pose.rotation}, trial_slice_.data());
            trial.score = evaluate(trial, trial_slice_.data(), trial.pose.shift_A, nullptr, nullptr);
            if (trial.score > c.score) {
                c = trial;
                damping *= 0.3;
                fresh = false;
                if (step_size(move) < options_.smallest_step) return;
            } else {
                damping *= 10;
                fresh = true;
                if (damping > 1e3 || step_size(move) < options_.smallest_step) return;
            }
        }
    }

    void polish_shift(PoseCandidate& c) {
        slice(std::array{c.pose.rotation}, slices_.data());
        double best = evaluate(c, slices_.data(), c.pose.shift_A, nullptr, nullptr);
        Vec2 t = c.pose.shift_A;
        for (int step = 0; step < options_.steps; step++) {
            const Vec2 next = newton_shift(c.image, t);
            const double value = evaluate(c, slices_.data(), next, nullptr, nullptr);
            if (!(value > best)) break;
            const double moved_by = std::hypot(next.x - t.x, next.y - t.y);
            t = next, best = value;
            if (moved_by < options_.smallest_step * images_.particle_radius_A) break;
        }
        c.pose.shift_A = t;
        c.score = best;
    }

  private:
    template <std::size_t N>
    void slice(const std::array<Mat3, N>& rotations, Complexf* out) {
        std::array<Mat3f, N> single;
        for (std::size_t i = 0; i < N; i++) single[i] = to_float(rotations[i]);
        sample_slices(map_, single, points_, out, inline_);
    }

    void slice_with_neighbours(const Mat3& r) {
        std::array<Mat3, 7> rotations;
        rotations[0] = r;
        for (std::size_t axis = 0; axis < 3; axis++)
            for (std::size_t side = 0; side < 2; side++)
                rotations[1 + 2 * axis + side] = rotation_about(unit(axis), side == 0 ? difference_step : -difference_step) * r;
        slice(rotations, slices_.data());
    }

    static Vec3 unit(std::size_t axis) { return {axis == 0 ? 1.0 : 0.0, axis == 1 ? 1.0 : 0.0, axis == 2 ? 1.0 : 0.0}; }

    double step_size(const Parameters& move) const {
        return std::max(move.head<3>().norm(), move.tail<2>().norm() / images_.particle_radius_A);
    }

    static Pose moved(const Pose& pose, const Parameters& move) {
        const Vec3 turn{move[0], move[1], move[2]};
        const double angle = length(turn);
        Pose out = pose;
        if (angle > 0) out.rotation = orthonormalised(rotation_about(turn, angle) * pose.rotation);
        out.shift_A = {pose.shift_A.x + move[3], pose.shift_A.y + move[4]};
        return out;
    }

    /// Fills the phases exp(2 pi i k.t) of the grid's columns and rows: a point's phase is the product of two.
    void set_phases(Vec2 t) {
        const double unit = 2 * std::numbers::pi / (images_.box * images_.pixel_size_A);
        const int half = images_.box / 2;
        for (int k = -half; k <= half; k++)
            phase_x_[static_cast<std::size_t>(k + half)] = Complexf(std::polar(1.0, unit * k * t.x));
        for (int k = 0; k <= half; k++) phase_y_[static_cast<std::size_t>(k)] = Complexf(std::polar(1.0, unit * k * t.y));
    }
    Complexf phase(std::size_t p) const {
        return product(phase_x_[static_cast<std::size_t>(column_[p])], phase_y_[static_cast<std::size_t>(row_[p])]);
    }
    /// Plain product: the standard operator also handles infinities, at several times the cost.
    static Complexf product(Complexf a, Complexf b) {
        return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
    }

    double log_prior(Vec2 t) const {
        if (options_.shift_sigma_A <= 0) return 0;
        return -(t.x * t.x + t.y * t.y) / (2 * options_.shift_sigma_A * options_.shift_sigma_A);
    }

    /// Score of the slice (unshifted) at shift t; with normal and gradient also the Gauss-Newton system, for which
    /// slices_ holds the six neighbours.
    double evaluate(const PoseCandidate& c, const Complexf* slice, Vec2 t, Normal* normal, Parameters* gradient) {
        const Complexf* image = images_.image(c.image) + options_.band.first;
        const float* weight = images_.weight.data() + options_.band.first;
        const std::size_t n = points_.size();
        const double px = 2 * std::numbers::pi / images_.pixel_size_A;
        const auto to_radians_per_A = static_cast<float>(px);
        set_phases(t);
        double score = 0;
        if (normal) normal->setZero(), gradient->setZero();
        for (std::size_t p = 0; p < n; p++) {
            // The image is brought to the particle's centre instead of the model to the image: one phase a point.
            const Complexf x = product(image[p], phase(p));
            const Complexf a = slice[p];
            score += static_cast<double>(weight[p] * (2 * (x.real() * a.real() + x.imag() * a.imag()) - std::norm(a)));
            if (!normal) continue;
            Complexf d[5];
            for (std::size_t axis = 0; axis < 3; axis++)
                d[axis] = (slices_[(1 + 2 * axis) * n + p] - slices_[(2 + 2 * axis) * n + p]) * static_cast<float>(0.5 / difference_step);
            const Complexf turned(a.imag(), -a.real());  // -i a: derivative of a exp(-i k t)
            d[3] = turned * (points_[p].x * to_radians_per_A);
            d[4] = turned * (points_[p].y * to_radians_per_A);
            const Complexf residual = x - a;
            for (int i = 0; i < 5; i++) {
                (*gradient)[i] += static_cast<double>(weight[p] * (d[i].real() * residual.real() + d[i].imag() * residual.imag()));
                for (int j = 0; j <= i; j++)
                    (*normal)(i, j) += static_cast<double>(weight[p] * (d[i].real() * d[j].real() + d[i].imag() * d[j].imag()));
            }
        }
        if (normal) {
            for (int i = 0; i < 5; i++)
                for (int j = 0; j < i; j++) (*normal)(j, i) = (*normal)(i, j);
            if (options_.shift_sigma_A > 0) {
                const double w = 0.5 / (options_.shift_sigma_A * options_.shift_sigma_A);  // half: the score is 2 x the sums above
                (*normal)(3, 3) += w, (*normal)(4, 4) += w;
                (*gradient)[3] -= w * t.x, (*gradient)[4] -= w * t.y;
            }
        }
        return score + log_prior(t);
    }

    /// One Newton step of the cross term 2 sum w Re(X conj(A) exp(2 pi i k.t)) and the prior; gradient step where the
    /// Hessian is not negative definite.
    Vec2 newton_shift(std::int64_t image_index, Vec2 t) {
        const Complexf* image = images_.image(image_index) + options_.band.first;
        const float* weight = images_.weight.data() + options_.band.first;
        const double px = 2 * std::numbers::pi / images_.pixel_size_A;
        set_phases(t);
        double gx = 0, gy = 0, hxx = 0, hxy = 0, hyy = 0;
        for (std::size_t p = 0; p < points_.size(); p++) {
            const double kx = px * static_cast<double>(points_[p].x), ky = px * static_cast<double>(points_[p].y);
            const Complexf cross = product(product(image[p], std::conj(slices_[p])), phase(p));
            const double w = 2 * static_cast<double>(weight[p]), re = static_cast<double>(cross.real()), im = static_cast<double>(cross.imag());
            gx -= w * kx * im, gy -= w * ky * im;
            hxx -= w * kx * kx * re, hxy -= w * kx * ky * re, hyy -= w * ky * ky * re;
        }
        if (options_.shift_sigma_A > 0) {
            const double w = 1 / (options_.shift_sigma_A * options_.shift_sigma_A);
            gx -= w * t.x, gy -= w * t.y, hxx -= w, hyy -= w;
        }
        const double det = hxx * hyy - hxy * hxy, limit = 0.3;  // A: below half a fringe of the strongest spacings
        double dx, dy;
        if (hxx < 0 && det > 0) {
            dx = -(hyy * gx - hxy * gy) / det, dy = -(hxx * gy - hxy * gx) / det;
        } else {
            const double norm = std::hypot(gx, gy) + 1e-30;
            dx = 0.1 * gx / norm, dy = 0.1 * gy / norm;
        }
        const double shrink = std::min(1.0, limit / (std::hypot(dx, dy) + 1e-30));
        return {t.x + shrink * dx, t.y + shrink * dy};
    }

    ImageSamples images_;
    const PaddedTransform& map_;
    const PolishOptions& options_;
    std::span<const FrequencyPoint> points_;
    std::vector<Complexf> slices_, trial_slice_;
    std::vector<int> column_, row_;  // of each point on the grid of the box
    std::vector<Complexf> phase_x_, phase_y_;
    ThreadPool inline_;
};

template <class Work>
void for_each_candidate(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                        std::span<PoseCandidate> candidates, ThreadPool& pool, Work work) {
    std::vector<std::unique_ptr<Polisher>> polishers(static_cast<std::size_t>(pool.size()));
    pool.each(static_cast<std::int64_t>(candidates.size()), [&](std::int64_t i, int thread) {
        auto& polisher = polishers[static_cast<std::size_t>(thread)];
        if (!polisher) polisher = std::make_unique<Polisher>(images, map, options);
        work(*polisher, candidates[static_cast<std::size_t>(i)]);
    });
}

}  // namespace

void score_candidates(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                      std::span<PoseCandidate> candidates, ThreadPool& pool) {
    for_each_candidate(images, map, options, candidates, pool, [](Polisher& p, PoseCandidate& c) { p.score(c); });
}

void polish_poses(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                  std::span<PoseCandidate> candidates, ThreadPool& pool) {
    for_each_candidate(images, map, options, candidates, pool, [](Polisher& p, PoseCandidate& c) { p.polish(c); });
}

void polish_shifts(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                   std::span<PoseCandidate> candidates, ThreadPool& pool) {
    for_each_candidate(images, map, options, candidates, pool, [](Polisher& p, PoseCandidate& c) { p.polish_shift(c); });
}

}  // namespace tumble
