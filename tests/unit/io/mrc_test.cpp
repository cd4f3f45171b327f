#include "io/mrc.hpp"

#include <sys/resource.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <numeric>

#include "catch.hpp"
#include "core/random.hpp"
#include "io/half_float.hpp"
#include "io/zlib_functions.hpp"
#include "scratch_folder.hpp"

using namespace tumble;

namespace {

const std::filesystem::path reader_files =
    std::filesystem::path(TUMBLE_TEST_DATA) / "independent" / "reader_files";

bool data_absent() {
    if (std::filesystem::exists(reader_files)) return false;
    WARN("skipped: no reference data in TUMBLE_TEST_DATA");
    return true;
}

std::vector<float> all_values(MrcReader& reader) {
    const MrcInfo& info = reader.info();
    std::vector<float> values(static_cast<std::size_t>(info.nx * info.ny * info.nz));
    reader.read_images(0, info.nz, values.data());
    return values;
}

ImageStack noise_stack(std::int64_t images, std::int64_t size) {
    RandomStream random(7, 0, RandomPurpose::test);
    ImageStack stack{images, size, size, 0.5, {}};
    for (std::int64_t i = 0; i < images * size * size; i++)
        stack.values.push_back(static_cast<float>(random.normal() + 3));
    return stack;
}

void set_word(std::string& file, int word, std::int32_t value) {
    std::memcpy(file.data() + 4 * (word - 1), &value, 4);
}

void put_gzip(const std::filesystem::path& path, const std::string& bytes) {
    const gzFile file = gzopen(path.c_str(), "wb");
    REQUIRE(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) ==
            static_cast<int>(bytes.size()));
    gzclose(file);
}

std::string sentence_without_zlib(const char* library) {
    try {
        loaded_zlib(library, "'a.mrc' is compressed with gzip");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

// The file with the bytes of every header word and every value of `width` bytes turned round.
std::string byte_swapped_file(std::string file, std::size_t width) {
    const auto turn = [&](std::size_t first, std::size_t last, std::size_t size) {
        for (std::size_t at = first; at + size <= last; at += size)
            std::reverse(file.begin() + static_cast<long>(at), file.begin() + static_cast<long>(at + size));
    };
    turn(0, 104, 4);
    turn(108, 112, 4);
    turn(196, 208, 4);
    turn(216, 224, 4);
    turn(1024, file.size(), width);
    file[212] = file[213] = 0x11;
    return file;
}

}  // namespace

TEST_CASE("MRC: modes and byte orders written by mrcfile give the values they should") {
    if (data_absent()) return;
    for (const char* name : {"mode0_little", "mode1_little", "mode1_big", "mode2_little", "mode2_big",
                             "mode6_little", "mode6_big", "mode12_little", "mode12_big"}) {
        CAPTURE(name);
        MrcReader reader(reader_files / (std::string(name) + ".mrc"));
        REQUIRE(reader.info().nx == 7);
        REQUIRE(reader.info().ny == 5);
        REQUIRE(reader.info().nz == 3);
        CHECK(reader.info().pixel_size_A == Approx(1.25));
        const std::vector<float> values = all_values(reader);
        bool all_right = true;
        for (int z = 0, i = 0; z < 3; z++)
            for (int y = 0; y < 5; y++)
                for (int x = 0; x < 7; x++, i++) {
                    const int b = 100 * z + 10 * y + x - 50, mode = reader.info().mode;
                    const double expected = mode == 0   ? std::min(b, 100)
                                            : mode == 1 ? b
                                            : mode == 6 ? b + 50
                                                        : b / 2.0;
                    all_right &= static_cast<double>(values[static_cast<std::size_t>(i)]) == expected;
                }
        CHECK(all_right);
    }
    CHECK_THAT(sentence_of([] { read_mrc_info(reader_files / "mode4_big.mrc"); }),
               ContainsSubstring("mode 4"));
}

TEST_CASE("MRC: real files give the sums of the manifest") {
    if (data_absent()) return;
    struct Expected {
        const char* name;
        std::array<std::int64_t, 3> size;
        double sum, first, pixel_A;
    };
    for (const Expected& expected : {Expected{"EMD-3197.map", {20, 20, 20}, 6268.89627, -1.801309, 11.4},
                                     Expected{"EMD-3001.map", {43, 25, 73}, 41.8245604, 0.04283447, 0},
                                     Expected{"legacy_no_map_stamp.mrc", {30, 30, 30}, 180, 0, 1},
                                     Expected{"de_sum.mrc", {12, 29, 1}, 104477964, 300209.9, 0},
                                     Expected{"ncem.mrc", {128, 128, 3}, 24435.3063, 0.9490523, 2}}) {
        CAPTURE(expected.name);
        MrcReader reader(reader_files / expected.name);
        const MrcInfo& info = reader.info();
        CHECK(std::array{info.nx, info.ny, info.nz} == expected.size);
        CHECK(info.pixel_size_A == Approx(expected.pixel_A));
        const std::vector<float> values = all_values(reader);
        CHECK(std::accumulate(values.begin(), values.end(), 0.0) == Approx(expected.sum).epsilon(1e-7));
        CHECK(static_cast<double>(values[0]) == Approx(expected.first));
    }
    CHECK_THAT(sentence_of([] { read_map(reader_files / "EMD-3001.map"); }),
               ContainsSubstring("expected a cube"));
}

TEST_CASE("MRC: permuted axes are transposed") {
    ScratchFolder folder;
    Volume map(3, 1.5);
    std::iota(map.values.begin(), map.values.end(), 0.0f);
    write_map(folder / "a.mrc", map, "test");
    std::string bytes = bytes_of(folder / "a.mrc");
    set_word(bytes, 17, 3), set_word(bytes, 18, 1), set_word(bytes, 19, 2);  // columns z, rows x, sections y
    put_bytes(folder / "b.mrc", bytes);
    const Volume turned = read_map(folder / "b.mrc");
    for (int z = 0; z < 3; z++)
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++) CHECK(turned.at(x, y, z) == map.at(z, x, y));
}

TEST_CASE("MRC: stacks and maps come back as they were written, plain, gzipped, swapped, in pieces") {
    ScratchFolder folder;
    const ImageStack stack = noise_stack(5, 33);
    write_stack(folder / "a.mrcs", stack.view(), 0.5, "test");
    const std::string bytes = bytes_of(folder / "a.mrcs");
    put_gzip(folder / "a.mrcs.gz", bytes);
    put_gzip(folder / "hidden.mrcs", bytes);
    put_bytes(folder / "swapped.mrcs", byte_swapped_file(bytes, 4));
    std::string nonsense = byte_swapped_file(bytes, 4);
    nonsense[212] = nonsense[213] = 0;
    put_bytes(folder / "nonsense.mrcs", nonsense);
    put_bytes(folder / "long.mrcs", bytes + "more");
    for (const char* name :
         {"a.mrcs", "a.mrcs.gz", "hidden.mrcs", "swapped.mrcs", "nonsense.mrcs", "long.mrcs"}) {
        CAPTURE(name);
        std::vector<std::string> notes;
        const ImageStack back = read_stack(folder / name, {}, &notes);
        CHECK(back.values == stack.values);
        CHECK(back.pixel_size_A == Approx(0.5));
        CHECK(notes.size() ==
              (std::string(name) == "nonsense.mrcs" || std::string(name) == "long.mrcs" ? 1 : 0));
        MrcReader reader(folder / name);
        std::vector<float> piece(2 * 33 * 33);
        for (const int first : {3, 0, 2}) {
            reader.read_images(first, 2, piece.data());
            CHECK(std::equal(piece.begin(), piece.end(), stack.values.begin() + first * 33 * 33));
        }
    }
}

TEST_CASE("MRC: the header says what was written, with true statistics") {
    ScratchFolder folder;
    const ImageStack stack = noise_stack(4, 16);
    write_stack(folder / "a.mrcs", stack.view(), 0.5, "tumble test");
    const std::string bytes = bytes_of(folder / "a.mrcs");
    const auto real = [&](int word) {
        float v;
        std::memcpy(&v, bytes.data() + 4 * (word - 1), 4);
        return static_cast<double>(v);
    };
    const double count = static_cast<double>(stack.values.size());
    const double mean = std::accumulate(stack.values.begin(), stack.values.end(), 0.0) / count;
    double squares = 0;
    for (const float v : stack.values)
        squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
    CHECK(real(22) == Approx(mean));
    CHECK(real(55) == Approx(std::sqrt(squares / count)));
    CHECK(real(20) == static_cast<double>(*std::min_element(stack.values.begin(), stack.values.end())));
    CHECK(bytes.size() == 1024 + 4 * stack.values.size());
    CHECK(read_mrc_info(folder / "a.mrcs").label == "tumble test");
    CHECK(folder.files() == 1);
}

TEST_CASE("MRC: float16 stacks round to the nearest and refuse what does not fit") {
    ScratchFolder folder;
    ImageStack stack = noise_stack(2, 8);
    write_stack(folder / "a.mrcs", stack.view(), 0.5, "test", MrcPrecision::float16);
    const ImageStack back = read_stack(folder / "a.mrcs");
    for (std::size_t i = 0; i < stack.values.size(); i++)
        CHECK(std::abs(back.values[i] / stack.values[i] - 1) <= 0x1p-11f);
    stack.values[70] = 70000;
    CHECK_THAT(sentence_of(
                   [&] { write_stack(folder / "b.mrcs", stack.view(), 0.5, "test", MrcPrecision::float16); }),
               ContainsSubstring("65504"));
    CHECK(folder.files() == 1);
}

TEST_CASE("Half floats: every one of them survives the way to float and back") {
    int wrong = 0;
    for (std::uint32_t half = 0; half < 65536; half++) {
        const float value = half_to_float(static_cast<std::uint16_t>(half));
        wrong += !std::isnan(value) && float_to_half(value) != half;
    }
    CHECK(wrong == 0);
    CHECK(float_to_half(1.0f + 0x1p-11f) == float_to_half(1.0f));              // tie to even
    CHECK(float_to_half(1.0f + 0x1.8p-10f) == float_to_half(1.0f + 0x1p-9f));  // tie to even, upwards
}

TEST_CASE("MRC: bytes follow IMOD's stamp, the caller's wish, and note a contradiction") {
    ScratchFolder folder;
    std::string bytes(1024 + 4, '\0');
    set_word(bytes, 1, 2), set_word(bytes, 2, 2), set_word(bytes, 3, 1), set_word(bytes, 17, 1),
        set_word(bytes, 18, 2), set_word(bytes, 19, 3);
    const float low = 0, high = 200;
    std::memcpy(bytes.data() + 76, &low, 4), std::memcpy(bytes.data() + 80, &high, 4);
    bytes[212] = bytes[213] = 0x44;
    std::memcpy(bytes.data() + 1024, "\x00\xC8\x01\x02", 4);
    const auto second_value = [&](MrcBytes choice) {
        put_bytes(folder / "a.mrc", bytes);
        MrcReader reader(folder / "a.mrc", choice);
        return std::pair{all_values(reader)[1], reader.info().notes.size()};
    };
    CHECK(second_value(MrcBytes::automatic) == std::pair{-56.0f, std::size_t{1}});
    CHECK(second_value(MrcBytes::unsigned_bytes) == std::pair{200.0f, std::size_t{0}});
    set_word(bytes, 39, 1146047817);
    CHECK(second_value(MrcBytes::automatic) == std::pair{200.0f, std::size_t{0}});
    set_word(bytes, 40, 1);
    CHECK(second_value(MrcBytes::automatic) == std::pair{-56.0f, std::size_t{1}});
    set_word(bytes, 4, 101), set_word(bytes, 1, 4);
    put_bytes(folder / "b.mrc", bytes);
    MrcReader nibbles(folder / "b.mrc");
    CHECK(all_values(nibbles) == std::vector<float>{0, 0, 8, 12, 1, 0, 2, 0});
}

TEST_CASE("MRC: bad files give one sentence that names file, found and expected") {
    ScratchFolder folder;
    const ImageStack stack = noise_stack(3, 16);
    write_stack(folder / "good.mrcs", stack.view(), 0.5, "test");
    const std::string good = bytes_of(folder / "good.mrcs");
    const auto fault = [&](const std::string& bytes, const char* name = "bad.mrcs") {
        put_bytes(folder / name, bytes);
        ErrorKind kind = ErrorKind::system;
        const std::string sentence = sentence_of([&] { read_stack(folder / name); }, &kind);
        CHECK(kind == ErrorKind::input);
        CHECK_THAT(sentence, ContainsSubstring(name));
        return sentence;
    };
    const auto with_word = [&](int word, std::int32_t value) {
        std::string b = good;
        set_word(b, word, value);
        return b;
    };
    const auto with_value = [&](std::size_t at, float value, std::size_t count = 1) {
        std::string b = good;
        for (std::size_t i = at; i < at + count; i++) std::memcpy(b.data() + 1024 + 4 * i, &value, 4);
        return b;
    };
    CHECK_THAT(fault(""), ContainsSubstring("empty"));
    for (const std::size_t length : {std::size_t{1}, std::size_t{1023}})
        CHECK_THAT(fault(good.substr(0, length)), ContainsSubstring("1024"));
    for (const std::size_t length : {std::size_t{1024}, std::size_t{1025}, good.size() - 1})
        CHECK_THAT(fault(good.substr(0, length)), ContainsSubstring(std::to_string(good.size())));
    CHECK_THAT(fault(with_word(4, 3)), ContainsSubstring("mode 3"));
    CHECK_THAT(fault(with_word(4, 77)), ContainsSubstring("not an MRC file"));
    CHECK_THAT(fault(with_word(3, 0)), ContainsSubstring("at least 1"));
    CHECK_THAT(fault(with_word(1, -16)), ContainsSubstring("at least 1"));
    CHECK_THAT(fault(with_word(3, 2000000000)), ContainsSubstring("truncated"));
    CHECK_THAT(fault(with_word(1, 15)), ContainsSubstring("square"));
    CHECK_THAT(fault(with_word(17, 2)), ContainsSubstring("axis order"));
    CHECK_THAT(fault(with_word(24, -4)), ContainsSubstring("extended header"));
    CHECK_THAT(fault(with_word(24, 1 << 30)), ContainsSubstring("truncated"));
    CHECK_THAT(fault(with_value(300, std::numeric_limits<float>::quiet_NaN())),
               ContainsSubstring("image 2 holds the value nan"));
    CHECK_THAT(fault(with_value(5, std::numeric_limits<float>::infinity())), ContainsSubstring("inf"));
    CHECK_THAT(fault(with_value(256, 4.0f, 256)), ContainsSubstring("image 2 is constant"));
    CHECK_THAT(fault(std::string(3000, 'x')), ContainsSubstring("not an MRC file"));
    put_gzip(folder / "z.gz", good);
    const std::string packed = bytes_of(folder / "z.gz");
    CHECK_THAT(fault(packed.substr(0, packed.size() / 2), "cut.mrcs.gz"), ContainsSubstring("gzip"));
    CHECK_THAT(fault(packed.substr(0, packed.size() - 4), "cut.mrcs.gz"), ContainsSubstring("gzip"));
    std::string wrong_sum = packed;
    wrong_sum[packed.size() - 6] = static_cast<char>(wrong_sum[packed.size() - 6] ^ 1);
    CHECK_THAT(fault(wrong_sum, "sum.mrcs.gz"), ContainsSubstring("gzip"));
    CHECK_THAT(fault(good, "plain.mrcs.gz"), ContainsSubstring("gzip"));
    CHECK_THAT(
        sentence_without_zlib("libabsent.so.1"),
        ContainsSubstring("'a.mrc' is compressed with gzip, and zlib, which reads that, cannot be loaded") &&
            ContainsSubstring("libabsent.so.1"));
    CHECK_THAT(sentence_without_zlib("libm.so.6"), ContainsSubstring("has no function gzopen"));
    CHECK_THAT(sentence_of([&] { read_stack(folder / "absent.mrcs"); }), ContainsSubstring("No such file"));
}

TEST_CASE("MRC: a given pixel size wins within 1 %, is noted from 0.5 %, and refused beyond") {
    ScratchFolder folder;
    write_stack(folder / "a.mrcs", noise_stack(1, 8).view(), 0.5, "test");
    std::vector<std::string> notes;
    CHECK(read_stack(folder / "a.mrcs", {0.501}, &notes).pixel_size_A == 0.501);
    CHECK(notes.empty());
    CHECK(read_stack(folder / "a.mrcs", {0.504}, &notes).pixel_size_A == 0.504);
    CHECK(notes.size() == 1);
    CHECK_THAT(sentence_of([&] { read_stack(folder / "a.mrcs", {0.51}); }), ContainsSubstring("within 1 %"));
}

TEST_CASE("Writing: a full disk leaves the old file, no partial one, and says how far it came") {
    ScratchFolder folder;
    write_text_file(folder / "a.mrcs", "old");
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{100000, limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    ErrorKind kind = ErrorKind::input;
    const std::string sentence =
        sentence_of([&] { write_stack(folder / "a.mrcs", noise_stack(200, 64).view(), 0.5, "test"); }, &kind);
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, previous);
    CHECK_THAT(sentence, ContainsSubstring("a.mrcs"));
    CHECK_THAT(sentence, ContainsSubstring("after 100000 bytes"));
    CHECK(kind == ErrorKind::system);
    CHECK(bytes_of(folder / "a.mrcs") == "old");
    CHECK(folder.files() == 1);
    CHECK_THAT(sentence_of([&] { write_text_file(folder / "no" / "a.txt", "x"); }),
               ContainsSubstring("cannot create"));
}
