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

@testset "a run in steps gives what the whole gives" begin
    stages = String[]
    run = Tumble.Run(images; pixel_size = PIXEL, element = "Pt", poses = (rotations, shifts), threads = 1,
                     progress = (stage, fraction, round) -> (push!(stages, stage); nothing))
    @test_throws TumbleError Tumble.take_result(run)
    while Tumble.step!(run)
        @test Tumble.stage(run) in ("start", "rounds", "halves")
        @test ndims(Tumble.array(run, "map")) == 3
    end
    @test Tumble.stage(run) == "done"
    @test Tumble.number(run, "rounds") >= 0
    @test !isempty(stages)
    @test Tumble.take_result(run).positions == result.positions
    cancelled = Tumble.Run(images; pixel_size = PIXEL, element = "Pt", progress = (stage, fraction, round) -> stage != "prepare")
    @test_throws TumbleError Tumble.step!(cancelled)
end

const device = Tumble.Device("cpu"; threads = 1)
const prepared = Tumble.Images(device, images; pixel_size = PIXEL)
const reference = Tumble.Transform(device, Tumble.matched(prepared, result.map, PIXEL), PIXEL)

@testset "a slice of a Gaussian has the phase of its place" begin
    axis, place, sigma = ((0:(BOX - 1)) .- BOX ÷ 2) .* PIXEL, [1.2, -0.8, 2.0], 0.55
    values(centre) = exp.(-(axis .- centre) .^ 2 ./ (2 * sigma^2))
    density = [x * y * z for x in values(place[1]), y in values(place[2]), z in values(place[3])]
    k = [0.0 0.1 -0.2 0.05; 0.0 0.05 0.15 -0.1]
    found = Tumble.slices(Tumble.Transform(device, density, PIXEL), rotations[:, :, 1:2], k)
    @test size(found) == (4, 2)
    peak = (2pi * (sigma / PIXEL)^2)^1.5
    for i in 1:2, p in 1:4
        seen = rotations[:, :, i] * place
        expected = peak * exp(-2pi^2 * (sigma / PIXEL)^2 * sum(abs2, k[:, p])) * cis(-2pi * sum(k[:, p] .* seen[1:2]) / PIXEL)
        @test abs(found[p, i] - expected) < 2e-3 * peak
    end
end

@testset "poses are scored and polished where they lie" begin
    @test Tumble.name(device) == "cpu"
    truth = Tumble.Poses(rotations, shifts)
    @test truth.rotations === rotations
    Tumble.score!(truth, prepared, reference)
    @test all(truth.scores .> 0)
    wide, gaps = zeros(4, 3, 2, IMAGES), zeros(2 * IMAGES)
    wide[1:3, :, 2, :] = rotations
    in_sections = Tumble.Poses(view(wide, 1:3, :, 2, :), copy(shifts), view(gaps, 1:2:(2 * IMAGES)))
    plain = copy(truth)
    for poses in (plain, in_sections)
        Tumble.search_shifts!(poses, prepared, reference)
        Tumble.polish!(poses, prepared, reference)
    end
    @test wide[1:3, :, 2, :] == plain.rotations
    @test gaps[1:2:end] == plain.scores
    @test all(iszero, gaps[2:2:end]) && all(iszero, wide[4, :, :, :]) && all(iszero, wide[:, :, 1, :])
    backwards = Tumble.Poses(rotations[:, :, end:-1:1], shifts[:, end:-1:1]; images = IMAGES:-1:1)
    @test Tumble.score!(backwards, prepared, reference).scores == reverse(truth.scores)
    @test Tumble.Poses(result.rotations, result.shifts).shifts !== result.shifts
end

@testset "a search climbs" begin
    search = Tumble.Search(prepared, reference; low = 0.1, high = 0.8, shift_radius = 0.4, shift_step = 0.4)
    poses = Tumble.Poses(prepared.count)
    @test all(Tumble.climb!(poses, search))
    before = copy(poses.scores)
    improved = Tumble.climb!(poses, search; pass = 1)
    @test improved == (poses.scores .> before)
    @test all(Tumble.best!(copy(poses), search).scores .>= poses.scores)
end

@testset "maps and atoms from poses" begin
    halves = map((1, 2)) do half
        equations = Tumble.Equations(prepared)
        which = half:2:IMAGES
        Tumble.insert!(equations, Tumble.Poses(rotations[:, :, which], shifts[:, which]; images = which); high = 0.9)
        equations
    end
    first, second = Tumble.solve.(halves; high = 0.9)
    Tumble.add!(halves[1], halves[2])
    whole = Tumble.solve(halves[1]; high = 0.9)
    mask = Tumble.find_mask(device, whole, PIXEL)
    curves = Tumble.correlate(device, first, second, PIXEL; mask)
    @test 0.8 < Tumble.resolution(curves.frequency, curves.corrected) < 1.9
    sharp = Tumble.restore(device, whole, curves.corrected)
    atoms_found = Tumble.Atoms(sharp, PIXEL, "Pt"; halves = (first, second))
    refined = Tumble.refine(atoms_found, prepared, Tumble.Poses(rotations, shifts))
    @test size(refined.positions, 2) == length(refined.heights)
    @test all(refined.sigmas .> 0)
end

@testset "objects may be given back in any order" begin
    other = Tumble.Device("cpu")
    child = Tumble.Images(other, images; pixel_size = PIXEL)
    close(other)
    equations = Tumble.Equations(child)
    close(child)
    close(equations)
    @test_throws TumbleError Tumble.Equations(child)
    @test_throws TumbleError Tumble.Device("abacus")
end
