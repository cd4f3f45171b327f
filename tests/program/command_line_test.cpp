// What the program says to a person who asks for help, mistypes, or gives it nothing.
#include "catch.hpp"
#include "program_runner.hpp"

using namespace tumble::test;

TEST_CASE("the program alone says six lines and the next command on stderr, exit 2") {
    const Outcome outcome = run_tumble({});
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK(count_lines(outcome.errors) == 6);
    CHECK_THAT(outcome.errors, ContainsSubstring("tumble reconstruct --help"));
}

TEST_CASE("Option --help and help go to stdout, exit 0") {
    const Outcome help = run_tumble({"--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.errors.empty());
    for (const char* verb : {"reconstruct", "atoms", "info", "convert"})
        CHECK_THAT(help.output, ContainsSubstring(verb));
    const Outcome verb_help = run_tumble({"help", "reconstruct"});
    CHECK(verb_help.exit_code == 0);
    CHECK_THAT(verb_help.output, ContainsSubstring("--pixel-size"));
    CHECK_THAT(verb_help.output, ContainsSubstring("Example: tumble reconstruct"));
    CHECK(verb_help.output == run_tumble({"reconstruct", "--help"}).output);
}

TEST_CASE("Option --version is one line with what the build can use") {
    const Outcome outcome = run_tumble({"--version"});
    CHECK(outcome.exit_code == 0);
    CHECK(count_lines(outcome.output) == 1);
    CHECK(outcome.output.rfind("tumble ", 0) == 0);
    CHECK_THAT(outcome.output, ContainsSubstring("CUDA no, HDF5 "));
}

TEST_CASE("an unknown verb or option is refused and the nearest name offered") {
    const auto refused = [](const std::vector<std::string>& arguments, const std::string& offer) {
        const Outcome outcome = run_tumble(arguments);
        CHECK(outcome.exit_code == 2);
        CHECK(outcome.output.empty());
        CHECK(count_lines(outcome.errors) == 1);
        CHECK_THAT(outcome.errors, ContainsSubstring("did you mean '" + offer + "'?"));
    };
    refused({"recontruct"}, "reconstruct");
    refused({"reconstruct", "x.mrcs", "--pixelsize", "0.358"}, "--pixel-size");
    refused({"reconstruct", "--pixel-siez=0.358", "x.mrcs"}, "--pixel-size");
    refused({"atoms", "map.mrc", "--half-1", "a"}, "--half1");
    refused({"--versoin"}, "--version");
}

TEST_CASE("values of options are checked before anything is read") {
    const auto refused = [](const std::vector<std::string>& options, const std::string& field) {
        std::vector<std::string> arguments = {"reconstruct", "absent.mrcs", "--out", "never_made"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        const Outcome outcome = run_tumble(arguments);
        CAPTURE(outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(count_lines(outcome.errors) == 1);
        CHECK_THAT(outcome.errors, ContainsSubstring(field));
        CHECK_THAT(outcome.errors, ContainsSubstring("expected"));
        CHECK_FALSE(std::filesystem::exists("never_made"));
    };
    refused({"--pixel-size", "small"}, "--pixel-size: found 'small'");
    refused({"--pixel-size", "-1"}, "--pixel-size: found '-1'");
    refused({"--seed", "1.5"}, "--seed: found '1.5'");
    refused({"--threads", "0"}, "--threads: found '0'");
    refused({"--search", "guess"}, "--search: found 'guess'");
    refused({"--progress", "loud"}, "--progress: found 'loud'");
    refused({"--element", "Pt", "--poses", "p.star", "--device", "gpu"}, "--device: found 'gpu'");
    refused({"--element", "Pt", "--poses", "p.star", "--device", "cuda:0"}, "--device: found 'cuda:0'");
    refused({"--element", "Xx", "--poses", "p.star"}, "--element: unknown element 'Xx'");
    refused({"--poses", "p.star"}, "--element is missing");
    refused({"--element", "Pt", "--reference", "m.mrc", "--polish"}, "--polish");
    refused({"--element", "Pt", "--poses", "p.star", "--reference", "m.mrc"}, "--reference");
    refused({"--element", "Pt", "--poses", "p.star", "--resume", "--overwrite"}, "--resume");
}

TEST_CASE("an unknown motif is told before anything is read, with those that there are") {
    const Outcome outcome = run_tumble({"reconstruct", "x.mrcs", "--element", "Pt", "--out", "never_made", "--motif", "fcc,cubic"});
    CHECK(outcome.exit_code == 2);
    CHECK(count_lines(outcome.errors) == 1);
    CHECK_THAT(outcome.errors, ContainsSubstring("--motif") && ContainsSubstring("'cubic'") && ContainsSubstring("icosahedron"));
    CHECK_FALSE(std::filesystem::exists("never_made"));
}

TEST_CASE("options from a file count, and the command line wins") {
    const ScratchFolder scratch;
    write_text(scratch.file("run.toml"), "pixel-size = 0.358\nelement = \"Xx\"\nsearch = \"exhaustive\"\n");
    const Outcome from_file = run_tumble({"reconstruct", "x.mrcs", "--out", scratch.file("out"), "--poses",
                                          "p.star", "--config", scratch.file("run.toml")});
    CHECK(from_file.exit_code == 2);
    CHECK_THAT(from_file.errors, ContainsSubstring("unknown element 'Xx'"));
    const Outcome over = run_tumble({"reconstruct", "x.mrcs", "--out", scratch.file("out"), "--poses",
                                     "p.star", "--config", scratch.file("run.toml"), "--element", "Pt"});
    CHECK(over.exit_code == 2);
    CHECK_THAT(over.errors, ContainsSubstring("x.mrcs"));
}

TEST_CASE("info tells what to paste into a report") {
    const Outcome outcome = run_tumble({"info"});
    CHECK(outcome.exit_code == 0);
    for (const char* field : {"tumble ", "processor", "FFT", "HDF5", "backend cpu", "backend cuda"})
        CHECK_THAT(outcome.output, ContainsSubstring(field));
    const Outcome file = run_tumble({"info", sample_file("images.mrcs")});
    CHECK(file.exit_code == 0);
    CHECK_THAT(file.output, ContainsSubstring("600"));
    CHECK_THAT(file.output, ContainsSubstring("0.358"));
}
