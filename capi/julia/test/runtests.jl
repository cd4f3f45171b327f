using Random
using Test
using Tumble

const BOX, PIXEL, IMAGES = 48, 0.4, 60

# 87 atoms of an fcc ball, each moved at random: atoms[1:3, atom].
function displaced_ball(rng)
    sites = [2.77 / sqrt(2) .* [i, j, k] for i in -4:4 for j in -4:4 for k in -4:4 if iseven(i + j + k)]
    atoms = reduce(hcat, filter(site -> sqrt(sum(abs2, site)) < 6.9, sites))
    return atoms .+ 0.1 .* randn(rng, size(atoms)...)
end

# From a random unit quaternion.
function random_rotation(rng)
    q = randn(rng, 4)
    w, x, y, z = q ./ sqrt(sum(abs2, q))
    return [1-2(y^2+z^2) 2(x*y-w*z) 2(x*z+w*y); 2(x*y+w*z) 1-2(x^2+z^2) 2(y*z-w*x); 2(x*z-w*y) 2(y*z+w*x) 1-2(x^2+y^2)]
end

function simulated(seed = 1, noise = 0.3)
    rng = MersenneTwister(seed)
    atoms = displaced_ball(rng)
    rotations = cat((random_rotation(rng) for _ in 1:IMAGES)...; dims = 3)
    shifts = 0.2 .* randn(rng, 2, IMAGES)
    axis = ((0:(BOX - 1)) .- BOX ÷ 2) .* PIXEL
    images = noise .* randn(rng, BOX, BOX, IMAGES)
    profile(centres) = exp.(-(axis .- centres') .^ 2 ./ (2 * 0.55^2))
    for i in 1:IMAGES
        seen = rotations[:, :, i] * atoms
        images[:, :, i] .+= profile(seen[1, :] .+ shifts[1, i]) * profile(seen[2, :] .+ shifts[2, i])'
    end
    return Float32.(images), rotations, shifts, atoms
end

const images, rotations, shifts, atoms = simulated()
run_once(stack; more...) = Tumble.reconstruct(stack; pixel_size = PIXEL, element = "Pt", poses = (rotations, shifts), threads = 1, more...)
const result = run_once(images)

@testset "atoms are where they were put" begin
    found = result.positions
    @test size(found) == size(atoms)
    nearest(site) = minimum(sqrt(sum(abs2, site .- found[:, a])) for a in axes(found, 2))
    @test maximum(nearest(atoms[:, a]) for a in axes(atoms, 2)) < 0.15
    @test all(result.sigmas .> 0)
    @test size(result.map) == (BOX, BOX, BOX)
    @test isfinite(result.resolution)
    @test occursin("87 atoms", sprint(show, result))
end

@testset "poses come back as they were given" begin
    @test result.rotations ≈ rotations
    @test size(result.shifts) == size(shifts)
    @test result.rejected isa AbstractVector{Bool}
end

@testset "layout and type do not matter" begin
    wide = zeros(2 * BOX, IMAGES, BOX + 3)
    wide[1:2:end, :, BOX:-1:1] .= permutedims(images, (1, 3, 2))
    view_of_wide = view(PermutedDimsArray(wide, (1, 3, 2)), 1:2:(2 * BOX), BOX:-1:1, :)
    gaps = zeros(Float32, 2 * BOX, BOX + 3, IMAGES)
    gaps[1:2:end, BOX:-1:1, :] .= images
    for stack in (view(gaps, 1:2:(2 * BOX), BOX:-1:1, :), view_of_wide, Float64.(images))
        @test run_once(stack).positions == result.positions
    end
    described = Tumble.described(view(gaps, 1:2:(2 * BOX), BOX:-1:1, :))
    @test described.shape[1:3] == (IMAGES, BOX, BOX)
    @test described.stride[1:3] == (2 * BOX * (BOX + 3), -2 * BOX, 2)
    @test described.data == pointer(gaps, 1 + 2 * BOX * (BOX - 1))
end

@testset "arrays are lent and outlive the result" begin
    lent_map() = (r = run_once(images); (r.map, copy(r.map), pointer(r.map) == pointer(r.map)))
    map, kept, same_memory = lent_map()
    GC.gc()
    @test same_memory
    @test map == kept
    @test_throws Exception map[1, 1, 1] = 0
end

@testset "progress is told and cancels" begin
    stages, lines = String[], String[]
    run_once(images; progress = (stage, fraction, round) -> (push!(stages, stage); nothing), log = line -> push!(lines, line))
    @test length(unique(stages)) > 2
    @test length(lines) > 1
    caught = try
        run_once(images; progress = (arguments...) -> true)
    catch error
        error
    end
    @test caught isa TumbleError && caught.status == Tumble.TUMBLE_E_CANCELLED
end

@testset "exceptions of callbacks come back" begin
    @test_throws InterruptException run_once(images; progress = (arguments...) -> throw(InterruptException()))
    @test_throws KeyError run_once(images; log = line -> throw(KeyError(line)))
end

@testset "sentences" begin
    plain(; more...) = Tumble.reconstruct(images; pixel_size = PIXEL, element = "Pt", more...)
    for (words, call) in ("nonsense" => () -> plain(search = "nonsense"),
                          "no-such-option" => () -> plain(no_such_option = 1),
                          "60 images" => () -> plain(poses = (rotations[:, :, 1:5], shifts[:, 1:5])),
                          "absent.mrcs" => () -> Tumble.read_stack("absent.mrcs"))
        caught = try
            call()
        catch error
            error
        end
        @test caught isa TumbleError && occursin(words, sprint(showerror, caught))
    end
    @test_throws ArgumentError Tumble.reconstruct(complex(images); pixel_size = PIXEL, element = "Pt")
end

@testset "a map is written and comes back as a stack" begin
    volume = randn(MersenneTwister(3), Float32, 20, 20, 20)
    mktempdir() do folder
        path = joinpath(folder, "map.mrc")
        Tumble.write_map(path, volume, 0.5)
        stack, pixel_size = Tumble.read_stack(path)
        @test stack == volume
        @test pixel_size ≈ 0.5
    end
end

@testset "options are listed" begin
    table = Dict(row.name => row for row in Tumble.options())
    @test table["seed"].type === Int64
    @test "shc" in table["search"].choices
    @test Tumble.version() isa VersionNumber
end
