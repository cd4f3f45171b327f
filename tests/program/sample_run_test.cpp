// The bundled sample end to end, scored against its truth with the limits of the table.
#include <cmath>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "io/hdf5_file.hpp"
#include "io/mrc.hpp"
#include "program_runner.hpp"
#include "truth_comparison.hpp"

using namespace tumble::test;
using tumble::has_hdf5;

namespace {

struct SampleRun {
    ScratchFolder scratch;
    std::string out = scratch.file("result");
    Outcome outcome;
    nlohmann::ordered_json summary;

    explicit SampleRun(const std::vector<std::string>& start, const std::vector<std::string>& progress = {"--quiet"}) {
        std::vector<std::string> arguments = {"reconstruct",  sample_file("images.mrcs"),
                                              "--pixel-size", "0.358",
                                              "--element",    "Pt",
                                              "--out",        out};
        arguments.insert(arguments.end(), start.begin(), start.end());
        arguments.insert(arguments.end(), progress.begin(), progress.end());
        outcome = run_tumble(arguments);
        INFO(outcome.errors);
        REQUIRE(outcome.exit_code == 0);
        summary = nlohmann::ordered_json::parse(read_text(out + "/summary.json"));
    }
    AtomScore atoms() const {
        return score_atoms(read_positions(out + "/atoms.xyz"), read_positions(sample_file("truth.xyz")));
    }
};

/// Atoms as Gaussians of unit height and standard deviation `sigma_A`, an MRC volume.
void write_gaussian_map(const std::string& file, const std::vector<tumble::Vec3>& atoms, int box, double voxel_A, double sigma_A) {
    tumble::Volume map(box, voxel_A);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++)
                for (const auto& a : atoms) {
                    const tumble::Vec3 d = voxel_A * tumble::Vec3{x - 0.5 * box, y - 0.5 * box, z - 0.5 * box} - a;
                    if (dot(d, d) < 25 * sigma_A * sigma_A) map.at(x, y, z) += static_cast<float>(std::exp(-dot(d, d) / (2 * sigma_A * sigma_A)));
                }
    tumble::write_map(file, map, "true atoms as Gaussians");
}

std::vector<std::string> keys(const nlohmann::ordered_json& object) {
    std::vector<std::string> names;
    for (const auto& item : object.items()) names.push_back(item.key());
    return names;
}

/// run.h5 gives the maps back as map.mrc has them, and an atom for each of atoms.xyz.
void check_run_file(const std::string& out) {
    const Outcome converted = run_tumble({"convert", out + "/run.h5", out + "/back.mrc", "--map", "half1"});
    INFO(converted.errors);
    CHECK(converted.exit_code == 0);
    CHECK(read_text(out + "/back.mrc").substr(1024) == read_text(out + "/half1.mrc").substr(1024));
    const tumble::Hdf5File file = tumble::Hdf5File::open(out + "/run.h5");
    const auto places = read_positions(out + "/atoms.xyz");
    const auto stored = file.read<double>("atoms/position_A");
    REQUIRE(stored.size() == 3 * places.size());
    for (std::size_t a = 0; a < places.size(); a++) CHECK(stored[3 * a] == Approx(places[a].x).margin(1e-4));
    CHECK(file.shape("poses/rotation") == std::vector<std::int64_t>{600, 3, 3});
    CHECK(file.read_text("/", "summary") == read_text(out + "/summary.json"));
    CHECK(file.exists("checkpoint"));
}

/// One JSON object a line, of which some begin a stage.
void check_progress(const std::string& output) {
    REQUIRE(count_lines(output) > 3);
    std::istringstream lines(output);
    std::size_t stages = 0;
    for (std::string line; std::getline(lines, line);) {
        const nlohmann::json event = nlohmann::json::parse(line);
        CHECK(event.contains("event"));
        CHECK(event.contains("elapsed_s"));
        stages += event["event"] == "stage" ? 1 : 0;
    }
    CHECK(stages > 0);
}

/// The maps alone, given to the verb that finds atoms in them.
void check_atoms_of_map(const SampleRun& run) {
    const std::string out = run.scratch.file("from_map");
    const Outcome outcome =
        run_tumble({"atoms", run.out + "/map.mrc", "--half1", run.out + "/half1.mrc", "--half2",
                    run.out + "/half2.mrc", "--element", "Pt", "--out", out, "--quiet"});
    CAPTURE(outcome.errors);
    REQUIRE(outcome.exit_code == 0);
    const AtomScore score =
        score_atoms(read_positions(out + "/atoms.xyz"), read_positions(sample_file("truth.xyz")));
    CHECK(score.found == 179);
    CHECK(score.false_atoms() == 0);
    CHECK(score.rms_pm <= 3.8);
}

}  // namespace

TEST_CASE("from the true poses: every atom of the sample within the limits, all files there, progress in JSON, and the map alone gives its atoms") {
    const SampleRun run({"--poses", sample_file("truth.star")}, {"--progress", "json"});
    const AtomScore score = run.atoms();
    CAPTURE(score.found, score.false_atoms(), score.rms_pm);
    CHECK(score.found == 179);
    CHECK(score.false_atoms() == 0);
    CHECK(score.rms_pm <= 2.8);
    for (const char* file : {"map.mrc", "half1.mrc", "half2.mrc", "mask.mrc", "fsc.csv", "poses.star",
                             "atoms.xyz", "atoms.cif", "summary.json", "config.toml", "log.txt"})
        CHECK(std::filesystem::file_size(run.out + "/" + file) > 0);
    CHECK(read_text(run.out + "/log.txt").find("plan: with that radius, memory about ") != std::string::npos);
    CHECK(run.outcome.errors.empty());
    check_progress(run.outcome.output);
    check_atoms_of_map(run);
    if (has_hdf5()) check_run_file(run.out);

    CHECK(keys(run.summary) == std::vector<std::string>{"tool_version", "command", "input", "images_used",
                                                        "images_rejected", "resolution_A", "atoms",
                                                        "orientation_coverage", "verdict", "device", "time_s",
                                                        "peak_memory_bytes", "seed"});
    CHECK(keys(run.summary["input"]) == std::vector<std::string>{"file", "images", "box_px", "pixel_size_A"});
    CHECK(run.summary["input"]["images"] == 600);
    CHECK(run.summary["atoms"]["count"] == 179);
    CHECK(run.summary["verdict"]["status"] == "ok");
    CHECK(run.summary["verdict"]["reasons"].empty());

    // The poses that went in come out.
    const PoseScore poses =
        score_poses(read_rotations(run.out + "/poses.star"), read_rotations(sample_file("truth.star")));
    CHECK(poses.within_5_deg == Approx(1));
    CHECK(poses.median_deg_of_right < 1e-3);
}

TEST_CASE("blind: every atom of the sample and the right pose of nearly every image, from the images alone") {
    const SampleRun run({});
    const PoseScore poses =
        score_poses(read_rotations(run.out + "/poses.star"), read_rotations(sample_file("truth.star")));
    const AtomScore score =
        score_atoms(in_frame_of_truth(read_positions(run.out + "/atoms.xyz"), poses), read_positions(sample_file("truth.xyz")));
    CAPTURE(score.found, score.false_atoms(), score.rms_pm);
    CHECK(score.found == 179);
    CHECK(score.false_atoms() == 0);
    CHECK(score.rms_pm <= 3.8);
    CHECK(poses.within_5_deg >= 0.97);
    CHECK(poses.median_deg_of_right <= 1);
    CHECK(run.summary["verdict"]["status"] == "ok");
    CHECK(std::filesystem::file_size(run.out + "/progress.svg") > 0);
}

TEST_CASE("from a reference, the true atoms as Gaussians: atoms and poses within the limits") {
    const ScratchFolder scratch;
    const std::string reference = scratch.file("reference.mrc");
    write_gaussian_map(reference, read_positions(sample_file("truth.xyz")), 96, 0.358, 0.45);
    const SampleRun run({"--reference", reference});
    const AtomScore score = run.atoms();
    CAPTURE(score.found, score.false_atoms(), score.rms_pm);
    CHECK(score.found >= 178);
    CHECK(score.false_atoms() <= 1);
    CHECK(score.rms_pm <= 6);
    const PoseScore poses =
        score_poses(read_rotations(run.out + "/poses.star"), read_rotations(sample_file("truth.star")));
    CHECK(poses.within_5_deg >= 0.65);
    CHECK(poses.median_deg_of_right <= 1);
}

TEST_CASE("the number of threads does not change a single byte of the results, and a quiet run says nothing") {
    const std::vector<std::string> start = {"--poses", sample_file("truth.star"), "--polish", "--threads"};
    const auto with_threads = [&start](const char* threads) {
        std::vector<std::string> arguments = start;
        arguments.push_back(threads);
        return arguments;
    };
    const SampleRun one(with_threads("1")), two(with_threads("2"));
    for (const SampleRun* run : {&one, &two}) {
        CHECK(run->outcome.output.empty());
        CHECK(run->outcome.errors.empty());
    }
    for (const char* file : {"/atoms.xyz", "/poses.star", "/map.mrc", "/half1.mrc", "/fsc.csv"}) {
        CAPTURE(file);
        CHECK(read_text(one.out + file) == read_text(two.out + file));
    }
}

TEST_CASE("a plan without work: --dry-run prints memory and time and writes nothing") {
    const ScratchFolder scratch;
    const Outcome outcome = run_tumble({"reconstruct", sample_file("images.mrcs"), "--pixel-size", "0.358",
                                        "--element", "Pt", "--poses", sample_file("truth.star"), "--out",
                                        scratch.file("out"), "--dry-run", "--progress", "plain"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.errors, ContainsSubstring("memory"));
    CHECK_FALSE(std::filesystem::exists(scratch.file("out")));
}
