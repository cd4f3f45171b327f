# A host that has a search of its own and takes the operators alone: it scores random orientations of every image against a
# density, keeps the best, polishes it, and says how the scores grew:
# julia --project=capi/julia own_search.jl IMAGES.mrcs PIXEL_SIZE_A DENSITY.mrc TRIES
using Printf
using Tumble

# Between 0 and 1 (Park & Miller, Comm. ACM 36 (7), 105 (1993)): the same numbers in every language.
const state = Ref(1)
uniform() = (state[] = state[] * 48271 % 2147483647) / 2147483647.0

# A uniformly random rotation from a random unit quaternion (Shoemake, Graphics Gems III, 1992).
function random_rotation()
    u, a, b = uniform(), 6.283185307179586 * uniform(), 6.283185307179586 * uniform()
    x, y, z, w = sqrt(1 - u) * sin(a), sqrt(1 - u) * cos(a), sqrt(u) * sin(b), sqrt(u) * cos(b)
    return [1-2*(y*y+z*z) 2*(x*y-z*w) 2*(x*z+y*w); 2*(x*y+z*w) 1-2*(x*x+z*z) 2*(y*z-x*w); 2*(x*z-y*w) 2*(y*z+x*w) 1-2*(x*x+y*y)]
end

function main(path, pixel_size, density_path, tries)
    stack, _ = Tumble.read_stack(path)
    density, voxel_size = Tumble.read_stack(density_path)
    device = Tumble.Device()
    images = Tumble.Images(device, stack; pixel_size)
    transform = Tumble.Transform(device, Tumble.matched(images, density, voxel_size), pixel_size)
    band = (low = 0.1, high = 0.8, shift_sigma = 0.4)
    mean(scores) = sum(scores) / length(scores)

    tried, best = Tumble.Poses(images.count), Tumble.Poses(images.count)
    for k in 1:tries
        for i in 1:(images.count)
            tried.rotations[:, :, i] = random_rotation()
        end
        Tumble.score!(tried, images, transform; band...)
        for i in 1:(images.count)
            tried.scores[i] > best.scores[i] || continue
            best.scores[i] = tried.scores[i]
            best.rotations[:, :, i] = tried.rotations[:, :, i]
        end
        k == 1 && @printf("one random orientation an image: mean score %.3f\n", mean(best.scores))
    end
    @printf("the best of %d: %.3f\n", tries, mean(best.scores))
    Tumble.polish!(best, images, transform; steps = 6, band...)
    @printf("polished: %.3f\n", mean(best.scores))
end

length(ARGS) == 4 || error("usage: own_search.jl IMAGES.mrcs PIXEL_SIZE_A DENSITY.mrc TRIES")
main(ARGS[1], parse(Float64, ARGS[2]), ARGS[3], parse(Int, ARGS[4]))
