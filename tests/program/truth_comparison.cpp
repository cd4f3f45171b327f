#include "truth_comparison.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace tumble::test {

namespace {

constexpr double found_within_A = 0.7;
constexpr double right_within_deg = 5;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

std::size_t nearest(Vec3 point, const std::vector<Vec3>& points) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < points.size(); i++)
        if (length(points[i] - point) < length(points[best] - point)) best = i;
    return best;
}

Pairs mutual_pairs(const std::vector<Vec3>& a, const std::vector<Vec3>& b, double within) {
    Pairs pairs;
    if (a.empty() || b.empty()) return pairs;
    for (std::size_t i = 0; i < a.size(); i++) {
        const std::size_t j = nearest(a[i], b);
        if (length(a[i] - b[j]) < within && nearest(b[j], a) == i) pairs.emplace_back(i, j);
    }
    return pairs;
}

Eigen::Vector3d eigen(Vec3 v) {
    return {v.x, v.y, v.z};
}

Mat3 nearest_rotation(const Eigen::Matrix3d& sum) {
    const Eigen::JacobiSVD<Eigen::Matrix3d> svd(sum, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const double sign = (svd.matrixU() * svd.matrixV().transpose()).determinant();
    const Eigen::Matrix3d r =
        svd.matrixU() * Eigen::Vector3d(1, 1, sign).asDiagonal() * svd.matrixV().transpose();
    Mat3 result;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) result(i, j) = r(i, j);
    return result;
}

void move_onto(std::vector<Vec3>& given, const std::vector<Vec3>& truth, const Pairs& pairs) {
    Vec3 mean_given, mean_truth;
    for (const auto& [i, j] : pairs) {
        mean_given = mean_given + given[i];
        mean_truth = mean_truth + truth[j];
    }
    const double n = static_cast<double>(pairs.size());
    mean_given = (1 / n) * mean_given;
    mean_truth = (1 / n) * mean_truth;
    Eigen::Matrix3d sum = Eigen::Matrix3d::Zero();
    for (const auto& [i, j] : pairs)
        sum += eigen(truth[j] - mean_truth) * eigen(given[i] - mean_given).transpose();
    const Mat3 rotation = nearest_rotation(sum);
    for (Vec3& atom : given) atom = rotation * (atom - mean_given) + mean_truth;
}

double degrees_between(const Mat3& a, const Mat3& b) {
    const Mat3 c = a * transpose(b);
    return std::acos(std::clamp((c(0, 0) + c(1, 1) + c(2, 2) - 1) / 2, -1.0, 1.0)) * 180 / std::numbers::pi;
}

PoseScore score_of_one_hand(const std::vector<Mat3>& given, const std::vector<Mat3>& truth) {
    // given_i = truth_i Q^T up to errors: each image proposes its Q, the one that most agree with is averaged
    // over them.
    std::vector<Mat3> proposals(given.size());
    for (std::size_t i = 0; i < given.size(); i++) proposals[i] = transpose(given[i]) * truth[i];
    const auto agree = [&](const Mat3& q) {
        return std::count_if(proposals.begin(), proposals.end(),
                             [&](const Mat3& p) { return degrees_between(p, q) < right_within_deg; });
    };
    Mat3 common = *std::max_element(proposals.begin(), proposals.end(),
                                    [&](const Mat3& a, const Mat3& b) { return agree(a) < agree(b); });
    for (int round = 0; round < 10; round++) {
        Eigen::Matrix3d sum = Eigen::Matrix3d::Zero();
        for (const Mat3& p : proposals)
            if (degrees_between(p, common) < right_within_deg)
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++) sum(i, j) += p(i, j);
        common = nearest_rotation(sum);
    }
    std::vector<double> right;
    for (const Mat3& p : proposals)
        if (const double e = degrees_between(p, common); e < right_within_deg) right.push_back(e);
    if (right.empty()) return {};
    std::nth_element(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(right.size() / 2),
                     right.end());
    return {static_cast<double>(right.size()) / static_cast<double>(given.size()), right[right.size() / 2], common, false};
}

}  // namespace

std::vector<Vec3> read_positions(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::size_t count = 0;
    if (!(file >> count)) throw std::runtime_error(path + ": no atom count");
    std::getline(file, line);
    std::getline(file, line);
    std::vector<Vec3> positions(count);
    for (Vec3& p : positions) {
        std::getline(file, line);
        std::string symbol;
        if (!(std::istringstream(line) >> symbol >> p.x >> p.y >> p.z))
            throw std::runtime_error(path + ": bad atom line");
    }
    return positions;
}

AtomScore score_atoms(std::vector<Vec3> given, const std::vector<Vec3>& truth) {
    for (const double within : {1.2, 1.0, 0.9, 0.8, found_within_A, found_within_A, found_within_A}) {
        const Pairs pairs = mutual_pairs(given, truth, within);
        if (pairs.size() >= 4) move_onto(given, truth, pairs);
    }
    const Pairs pairs = mutual_pairs(given, truth, found_within_A);
    double squares = 0;
    for (const auto& [i, j] : pairs) squares += dot(given[i] - truth[j], given[i] - truth[j]);
    const double n = static_cast<double>(pairs.size());
    return {truth.size(), given.size(), pairs.size(), pairs.empty() ? 0 : 100 * std::sqrt(squares / n)};
}

std::vector<Mat3> read_rotations(const std::string& path) {
    std::ifstream file(path);
    std::vector<Mat3> rotations;
    std::map<std::string, std::size_t> columns;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::vector<std::string> row;
        for (std::string word; words >> word;) row.push_back(word);
        if (row.empty() || row[0][0] == '#') continue;
        if (row[0] == "loop_" || row[0].rfind("data_", 0) == 0) columns.clear();
        if (row[0][0] == '_') columns.emplace(row[0], columns.size());
        if (row[0][0] == '_' || !columns.count("_rlnAngleRot") || row.size() < columns.size()) continue;
        const auto angle = [&](const char* name) { return std::stod(row[columns.at(name)]); };
        rotations.push_back(
            rotation_from_euler({angle("_rlnAngleRot"), angle("_rlnAngleTilt"), angle("_rlnAnglePsi")}));
    }
    return rotations;
}

PoseScore score_poses(const std::vector<Mat3>& given, const std::vector<Mat3>& truth) {
    if (given.size() != truth.size() || given.empty())
        throw std::runtime_error("poses: two lists of one length expected");
    const PoseScore straight = score_of_one_hand(given, truth);
    std::vector<Mat3> other;
    for (const Mat3& r : given) other.push_back(Mat3{{-1, 0, 0, 0, -1, 0, 0, 0, 1}} * r);
    PoseScore mirrored = score_of_one_hand(other, truth);
    mirrored.mirrored = true;
    return mirrored.within_5_deg > straight.within_5_deg ? mirrored : straight;
}

std::vector<Vec3> in_frame_of_truth(std::vector<Vec3> given, const PoseScore& poses) {
    for (Vec3& p : given) p = transpose(poses.frame) * ((poses.mirrored ? -1.0 : 1.0) * p);
    return given;
}

}  // namespace tumble::test
