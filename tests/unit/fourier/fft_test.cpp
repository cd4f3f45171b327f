#include "catch.hpp"

#include <complex>
#include <numbers>
#include <vector>

#include "core/random.hpp"
#include "fourier/fft.hpp"

using namespace tumble;

TEST_CASE("A 2D transform is the sum that its header states, for odd and even sides") {
    RandomStream random(1, 0, RandomPurpose::test);
    for (const auto& [height, width] : {std::pair{6, 8}, {5, 7}, {7, 6}, {4, 9}}) {
        std::vector<float> image(static_cast<std::size_t>(height * width)), back(image.size());
        for (float& v : image) v = static_cast<float>(random.normal());
        const auto columns = static_cast<std::size_t>(width / 2 + 1);
        std::vector<Complexf> transform(static_cast<std::size_t>(height) * columns);
        const Fft2D fft(height, width);
        fft.forward(image.data(), transform.data());
        for (int ky = 0; ky < height; ky++)
            for (std::size_t kx = 0; kx < columns; kx++) {
                std::complex<double> sum = 0;
                for (int y = 0; y < height; y++)
                    for (int x = 0; x < width; x++)
                        sum += static_cast<double>(image[static_cast<std::size_t>(y * width + x)]) *
                               std::polar(1.0, -2 * std::numbers::pi *
                                                   (static_cast<double>(ky * y) / height +
                                                    static_cast<double>(kx) * x / width));
                CHECK(std::abs(sum - std::complex<double>(
                                         transform[static_cast<std::size_t>(ky) * columns + kx])) < 2e-5);
            }
        fft.inverse(transform.data(), back.data());
        for (std::size_t i = 0; i < image.size(); i++)
            CHECK(back[i] / static_cast<float>(height * width) == Approx(image[i]).margin(1e-5));
    }
}

TEST_CASE("A 3D transform of a shifted point is a plane wave, and the inverse undoes it") {
    for (const int n : {8, 9}) {
        const auto side = static_cast<std::size_t>(n), half = side / 2 + 1;
        std::vector<float> volume(side * side * side), back(volume.size());
        volume[(2 * side + 3) * side + 5] = 1;
        std::vector<Complexf> transform(side * side * half);
        const Fft3D fft(n);
        fft.forward(volume.data(), transform.data());
        for (std::size_t z = 0; z < side; z++)
            for (std::size_t y = 0; y < side; y++)
                for (std::size_t x = 0; x < half; x++) {
                    const double phase =
                        -2 * std::numbers::pi * static_cast<double>(2 * z + 3 * y + 5 * x) / n;
                    CHECK(std::abs(std::polar(1.0, phase) -
                                   std::complex<double>(transform[(z * side + y) * half + x])) < 1e-6);
                }
        fft.inverse(transform.data(), back.data());
        for (std::size_t i = 0; i < volume.size(); i++)
            CHECK(back[i] == Approx(volume[i] * static_cast<float>(n * n * n)).margin(1e-4));
    }
}

TEST_CASE("The bits of a transform do not depend on where its arrays lie") {
    const int n = 20;
    std::vector<float> image(static_cast<std::size_t>(n * n) + 8);
    std::vector<Complexf> first(static_cast<std::size_t>(n * (n / 2 + 1))), second(first.size() + 1);
    const Fft2D fft(n, n);
    RandomStream random(2, 0, RandomPurpose::test);
    std::vector<float> values(static_cast<std::size_t>(n * n));
    for (float& v : values) v = static_cast<float>(random.normal());
    fft.forward(values.data(), first.data());
    for (std::size_t offset = 1; offset < 8; offset++) {
        std::copy(values.begin(), values.end(), image.begin() + static_cast<std::ptrdiff_t>(offset));
        fft.forward(image.data() + offset, second.data() + 1);
        CHECK(std::equal(first.begin(), first.end(), second.begin() + 1));
    }
}

TEST_CASE("Fast sizes are even products of small primes, the next one up") {
    CHECK(next_fast_size(1) == 2);
    CHECK(next_fast_size(95) == 96);
    CHECK(next_fast_size(96) == 96);
    CHECK(next_fast_size(127) == 128);
    CHECK(next_fast_size(129) == 140);
    CHECK(next_fast_size(211) == 216);
}
