#include "atoms/image_waves.hpp"
#include "atoms/projected_overlap.hpp"
#include "catch.hpp"
#include "reconstruct/image_refinement.hpp"
#include "simulated_images.hpp"
#include "tumble/error.hpp"

#include <Eigen/Dense>
#include <numeric>

using namespace tumble;

namespace {

std::vector<FittedAtom> start_near(const std::vector<Vec3>& truth, double offset, std::uint64_t seed) {
    RandomStream random(seed, 1, RandomPurpose::test);
    std::vector<FittedAtom> start(truth.size());
    for (std::size_t a = 0; a < truth.size(); a++) {
        start[a].position_A = truth[a] + offset * Vec3{random.normal(), random.normal(), random.normal()};
        start[a].height = 1;
    }
    return start;
}

ImageRefinement refine(const SimulatedImages& data, const std::vector<FittedAtom>& start, int threads = 2,
                       ImageRefinementOptions options = {}) {
    const Backend backend = cpu_backend(threads);
    NoProgress quiet;
    return refine_atoms(backend.resident(data.images), data.poses, data.weights, start, options, backend, quiet);
}

// sum_p w |X - f G|^2 of one image in double precision.
double misfit(const PreparedImages& images, const std::vector<ProjectedAtom>& atoms,
              const std::vector<double>& f) {
    double sum = 0;
    for (std::size_t p = 0; p < images.points.size(); p++) {
        const double x = images.points[p].x / images.pixel_size_A,
                     y = images.points[p].y / images.pixel_size_A;
        std::complex<double> model = 0;
        for (const ProjectedAtom& a : atoms)
            model += a.height * std::polar(1.0, -2 * std::numbers::pi * (x * a.x + y * a.y));
        sum += images.weight[p] * std::norm(std::complex<double>(images.values[p]) - f[p] * model);
    }
    return sum;
}

// Unknowns of the atoms as one matrix.
Eigen::MatrixXd dense(const AtomMatrix& matrix, const std::vector<int>& atoms) {
    const auto blocks = static_cast<Eigen::Index>(atoms.size());
    Eigen::MatrixXd out = Eigen::MatrixXd::Zero(4 * blocks, 4 * blocks);
    for (Eigen::Index i = 0; i < blocks; i++) {
        const auto a = static_cast<std::size_t>(atoms[static_cast<std::size_t>(i)]);
        for (std::size_t n = 0; n < matrix.neighbours[a].size(); n++)
            for (Eigen::Index j = 0; j < blocks; j++)
                if (matrix.neighbours[a][n] == atoms[static_cast<std::size_t>(j)])
                    for (int k = 0; k < 16; k++)
                        out(4 * i + k / 4, 4 * j + k % 4) = matrix.blocks[a][n][static_cast<std::size_t>(k)];
    }
    return out;
}

// A symmetric matrix of atoms within `reach`: random numbers that fall with the distance, and `own` on the diagonal.
AtomMatrix random_matrix(const std::vector<Vec3>& atoms, double reach, double own, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    const AtomPairs pairs = atom_pairs(atoms, reach);
    AtomMatrix matrix{pairs.neighbours, {}};
    for (const auto& row : pairs.neighbours) matrix.blocks.emplace_back(row.size());
    const auto block = [&](std::size_t a, std::size_t b) -> std::array<double, 16>& {
        const auto& row = matrix.neighbours[a];
        const auto found = std::find(row.begin(), row.end(), static_cast<int>(b));
        return matrix.blocks[a][static_cast<std::size_t>(found - row.begin())];
    };
    for (std::size_t a = 0; a < atoms.size(); a++)
        for (const int neighbour : matrix.neighbours[a]) {
            const auto b = static_cast<std::size_t>(neighbour);
            if (b < a) continue;
            const double size = std::exp(-length(atoms[a] - atoms[b]));
            for (std::size_t i = 0; i < 4; i++)
                for (std::size_t j = 0; j < 4; j++) {
                    const double value = a == b && i == j ? own : size * random.normal();
                    block(a, b)[4 * i + j] = value;
                    block(b, a)[4 * j + i] = value;
                }
        }
    return matrix;
}

}  // namespace

TEST_CASE("error bars are the diagonal of the inverse of the matrix of the atoms around") {
    const auto atoms = random_particle(60, 8, 2.3, 60);
    // Positive definite; neither positive nor negative, which the factors of a positive one cannot have.
    for (const double own : {9.0, 3.0}) {
        const AtomMatrix matrix = random_matrix(atoms, 8, own, 61);
        std::vector<int> all(atoms.size());
        std::iota(all.begin(), all.end(), 0);
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> values(dense(matrix, all));
        CHECK((values.eigenvalues().minCoeff() > 0) == (own > 5));
        for (const double reach : {0.5, 4.0, 7.9}) {
            INFO("diagonal " << own << ", reach " << reach);
            ThreadPool one(1), three(3);
            const auto found = inverse_diagonal(matrix, atoms, reach, one);
            CHECK(found == inverse_diagonal(matrix, atoms, reach, three));
            for (std::size_t a = 0; a < atoms.size(); a++) {
                std::vector<int> near{static_cast<int>(a)};
                for (std::size_t b = 0; b < atoms.size(); b++)
                    if (b != a && length(atoms[b] - atoms[a]) < reach) near.push_back(static_cast<int>(b));
                const Eigen::MatrixXd part = dense(matrix, near), inverse = part.inverse();
                // What rounding makes of an inverse, by its condition.
                const double margin = 1e-14 * inverse.norm() * part.norm() * inverse.norm();
                for (int k = 0; k < 4; k++)
                    CHECK(found[a][static_cast<std::size_t>(k)] == Approx(std::max(inverse(k, k), 0.0)).epsilon(0).margin(margin));
            }
        }
    }
}

TEST_CASE("structure factors and the gradient equal direct sums and numeric derivatives") {
    const auto truth = random_particle(40, 6.5, 2.3, 41);
    const SimulatedImages data = simulate_images(truth, 1, 40, 1.0, 3.0, false, 42);
    const HalfPlaneGrid grid(data.images.points, data.images.box, data.images.pixel_size_A);
    std::vector<double> heights;
    for (std::size_t a = 0; a < truth.size(); a++) heights.push_back(0.8 + 0.01 * static_cast<double>(a));
    std::vector<ProjectedAtom> atoms = project_atoms(data.poses[0], truth, heights);
    for (ProjectedAtom& a : atoms) a.x += 0.05, a.y -= 0.03;
    ImageWaves waves(grid, atoms.size());
    waves.set(atoms);
    std::vector<Complexf> g(data.images.points.size());
    waves.structure_factors(false, g);
    std::vector<double> f;
    double worst = 0;
    for (std::size_t p = 0; p < g.size(); p++) {
        const double x = data.images.points[p].x / 0.4, y = data.images.points[p].y / 0.4;
        std::complex<double> exact = 0;
        for (const ProjectedAtom& a : atoms)
            exact += a.height * std::polar(1.0, -2 * std::numbers::pi * (x * a.x + y * a.y));
        worst = std::max(worst, std::abs(exact - std::complex<double>(g[p])));
        f.push_back(projected_profile(std::hypot(x, y)));
    }
    CHECK(worst < 1e-4);  // 40 terms of size 1, each good to 24 bits in phase and sum

    for (std::size_t p = 0; p < g.size(); p++) {
        const auto fp = static_cast<float>(f[p]);
        g[p] = data.images.weight[p] * fp * (data.images.values[p] - fp * g[p]);
    }
    std::vector<ProjectedGradient> gradient(atoms.size());
    waves.gradient(g, {}, gradient);
    double size = 0;
    for (const ProjectedGradient& v : gradient) size = std::max({size, std::abs(v.x), std::abs(v.height)});
    for (const std::size_t a : {std::size_t{0}, std::size_t{17}, std::size_t{39}}) {
        const auto slope = [&](double ProjectedAtom::*field) {
            auto up = atoms, down = atoms;
            up[a].*field += 1e-4;
            down[a].*field -= 1e-4;
            return -(misfit(data.images, up, f) - misfit(data.images, down, f)) / 2e-4;
        };
        CHECK(gradient[a].x == Approx(slope(&ProjectedAtom::x)).margin(1e-4 * size));
        CHECK(gradient[a].y == Approx(slope(&ProjectedAtom::y)).margin(1e-4 * size));
        CHECK(gradient[a].height == Approx(slope(&ProjectedAtom::height)).margin(1e-4 * size));
    }
}

TEST_CASE("without noise the refinement finds the atoms and the profile") {
    const auto truth = random_particle(45, 6.5, 2.3, 43);
    SimulatedImages data = simulate_images(truth, 60, 40, 1.0, 1e-3, false, 44);
    ImageRefinementOptions options;
    options.rounds = 12;
    const auto result = refine(data, start_near(truth, 0.06, 45), 2, options);
    for (std::size_t a = 0; a < truth.size(); a++) {
        // What is left is the linear interpolation of the profile between shells.
        CHECK(length(result.atoms[a].position_A - truth[a]) < 0.002);
        CHECK(result.atoms[a].height == Approx(1).margin(0.01));
    }
    for (std::size_t s = 4; s <= 16; s++)
        CHECK(result.shell_amplitude[s] ==
              Approx(projected_profile(static_cast<double>(s) / 16)).margin(0.02));
}

TEST_CASE("over noise draws two thirds of the atoms lie within one quoted sigma on each axis") {
    const auto truth = random_particle(50, 6.5, 2.4, 46);
    for (const bool coloured : {false, true}) {
        const SimulatedImages clean = clean_images(truth, 120, 40, 1.0, 0.15, coloured, 1000);
        double inside[3] = {}, samples = 0, chi = 0;
        for (std::uint64_t draw = 0; draw < 20; draw++) {
            const auto result = refine(with_noise(clean, 2000 + draw), start_near(truth, 0.03, draw));
            chi += result.chi_squared / 20;
            for (std::size_t a = 0; a < truth.size(); a++, samples++) {
                const Vec3 e = result.atoms[a].position_A - truth[a], s = result.atoms[a].sigma_A;
                inside[0] += std::abs(e.x) < s.x;
                inside[1] += std::abs(e.y) < s.y;
                inside[2] += std::abs(e.z) < s.z;
            }
        }
        for (const double count : inside) {
            INFO("share " << count / samples << ", coloured " << coloured);
            CHECK(count / samples > 0.65);
            CHECK(count / samples < 0.71);
        }
        CHECK(chi == Approx(1).epsilon(0.02));
    }
}

TEST_CASE("the refinement is the same for any number of threads, and for the atoms in any order") {
    const auto truth = random_particle(40, 6.5, 2.3, 47);
    const SimulatedImages data = simulate_images(truth, 70, 36, 1.0, 0.5, false, 48);
    const auto start = start_near(truth, 0.05, 49);
    const auto one = refine(data, start, 1);
    for (const int threads : {2, 4}) {
        const auto many = refine(data, start, threads);
        for (std::size_t a = 0; a < truth.size(); a++) {
            CHECK(one.atoms[a].position_A == many.atoms[a].position_A);
            CHECK(one.atoms[a].sigma_A == many.atoms[a].sigma_A);
            CHECK(one.atoms[a].height == many.atoms[a].height);
        }
        CHECK(one.shell_amplitude == many.shell_amplitude);
        CHECK(one.image_log_likelihood == many.image_log_likelihood);
    }
    const std::vector<FittedAtom> reversed(start.rbegin(), start.rend());
    const auto other = refine(data, reversed, 2);
    for (std::size_t a = 0; a < truth.size(); a++) {
        const Vec3 apart = other.atoms[truth.size() - 1 - a].position_A - one.atoms[a].position_A;
        CHECK(length(apart) < 2e-5);  // sums in another order, float32
    }
}

TEST_CASE("the mirrored problem has the mirrored answer") {
    // x -> -x of the particle with R -> R diag(-1, 1, 1) is the same set of images; a rotation is kept by
    // turning z too, which no image without depth sees.
    const auto truth = random_particle(30, 6, 2.3, 50);
    SimulatedImages data = simulate_images(truth, 60, 36, 1.0, 0.5, false, 51);
    ImageRefinementOptions options;
    options.depth = false;
    const auto start = start_near(truth, 0.05, 52);
    const auto one = refine(data, start, 2, options);
    auto mirrored = start;
    for (FittedAtom& atom : mirrored) atom.position_A.x = -atom.position_A.x;
    for (Pose& pose : data.poses)
        for (int row = 0; row < 3; row++) {
            pose.rotation(row, 0) = -pose.rotation(row, 0);
            if (row == 2)
                for (int column = 0; column < 3; column++)
                    pose.rotation(row, column) = -pose.rotation(row, column);
        }
    const auto two = refine(data, mirrored, 2, options);
    for (std::size_t a = 0; a < truth.size(); a++) {
        const Vec3 p = two.atoms[a].position_A;
        CHECK(length(Vec3{-p.x, p.y, p.z} - one.atoms[a].position_A) < 2e-5);
    }
}

TEST_CASE("images of weight 0 do not count") {
    const auto truth = random_particle(30, 6, 2.3, 53);
    SimulatedImages data = simulate_images(truth, 64, 36, 1.0, 0.3, false, 54);
    const auto start = start_near(truth, 0.05, 55);
    for (std::size_t i = 40; i < 64; i++) data.weights[i] = 0;
    const auto some = refine(data, start);
    for (std::size_t i = 40 * data.images.points.size(); i < data.images.values.size(); i++)
        data.images.values[i] = 100;
    const auto spoilt = refine(data, start);
    for (std::size_t a = 0; a < truth.size(); a++)
        CHECK(some.atoms[a].position_A == spoilt.atoms[a].position_A);
}

TEST_CASE("the overlap matrix equals the exact normal matrix of a few images") {
    // One image and isotropic weights: elements by direct sums over the points.
    const std::vector<Vec3> atoms{{0, 0, 0}, {1.1, 0.4, 0.3}, {-0.8, 1.9, -0.5}};
    const SimulatedImages data = simulate_images(atoms, 1, 64, 1.0, 1.0, false, 56);
    const std::vector<double> heights{1.0, 0.7, 1.2};
    std::vector<double> frequency, information;
    for (const FrequencyPoint& p : data.images.points) {
        const double k = std::hypot(p.x, p.y) / 0.4, f = projected_profile(k);
        frequency.push_back(k);
        information.push_back(2 * data.images.weight[0] * f * f);
    }
    ThreadPool pool(2);
    const RadialOverlap overlap(frequency, information, 5, pool);
    const Mat3& r = data.poses[0].rotation;
    const std::vector<WeightedView> views{{{r(2, 0), r(2, 1), r(2, 2)}, 1.0}};
    const AtomPairs pairs = atom_pairs(atoms, 8);
    std::vector<OverlapSums> sums;
    for (const Vec3& apart : pairs.apart_A) sums.push_back(overlap_sums(apart, views, overlap.table()));
    const AtomMatrix matrix = overlap_matrix(pairs, sums, heights);
    double largest = 0;
    for (const auto& row : matrix.blocks)
        for (const auto& block : row)
            for (const double v : block) largest = std::max(largest, std::abs(v));
    for (std::size_t a = 0; a < 3; a++)
        for (std::size_t b = 0; b < 3; b++) {
            double exact[16] = {};
            for (std::size_t p = 0; p < frequency.size(); p++) {
                const Vec3 k =
                    transpose(r) * Vec3{data.images.points[p].x / 0.4, data.images.points[p].y / 0.4, 0};
                const double phase = 2 * std::numbers::pi * dot(k, atoms[a] - atoms[b]);
                const double turn[3] = {2 * std::numbers::pi * k.x, 2 * std::numbers::pi * k.y,
                                        2 * std::numbers::pi * k.z};
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++)
                        exact[4 * i + j] +=
                            information[p] * heights[a] * heights[b] * turn[i] * turn[j] * std::cos(phase);
                for (int i = 0; i < 3; i++) {
                    exact[4 * i + 3] -= information[p] * heights[a] * turn[i] * std::sin(phase);
                    exact[12 + i] += information[p] * heights[b] * turn[i] * std::sin(phase);
                }
                exact[15] += information[p] * std::cos(phase);
            }
            // Isotropy of a Cartesian grid of 64 points: a per cent of the diagonal.
            for (int i = 0; i < 16; i++)
                CHECK(matrix.blocks[a][b][static_cast<std::size_t>(i)] ==
                      Approx(exact[i]).margin(0.02 * largest));
        }
}

TEST_CASE("the refinement refuses what does not fit together and stops when asked") {
    const auto truth = random_particle(10, 5, 2.3, 57);
    SimulatedImages data = simulate_images(truth, 8, 32, 1.0, 0.5, false, 58);
    const Backend backend = cpu_backend(1);
    const ResidentImages images = backend.resident(data.images);
    NoProgress quiet;
    const auto start = start_near(truth, 0.02, 59);
    const std::vector<Pose> few(data.poses.begin(), data.poses.end() - 1);
    CHECK_THROWS_AS(refine_atoms(images, few, data.weights, start, {}, backend, quiet), Error);
    struct Stop final : Progress {
        void stage(const std::string&) override {}
        void update(double) override {}
        void log(const std::string&) override {}
        bool cancelled() override { return true; }
    } stop;
    try {
        refine_atoms(images, data.poses, data.weights, start, {}, backend, stop);
        FAIL("not stopped");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::interrupted);
    }
}
