"""
    Images(device, stack; pixel_size, diameter = 0, dark_atoms = false)

Images of stack[x, y, image] made ready for scoring: normalised, masked, cropped to a working box, their noise measured. Fields: count,
box (pixels), pixel_size, particle_radius, mask_radius (A). diameter 0: measured.
"""
struct Images
    handle::Handle
    device::Device
    count::Int
    box::Int
    pixel_size::Float64
    particle_radius::Float64
    mask_radius::Float64
end

function Images(device::Device, stack::AbstractArray; pixel_size::Real, diameter::Real = 0, dark_atoms::Bool = false)
    handle = lending(strided(eltype(stack), stack)) do pixels
        made_on(tumble_images_destroy, device) do out
            tumble_images_create(C_NULL, device.handle, pixels, pixel_size, diameter, dark_atoms, out)
        end
    end
    number(name) = number_on(value -> tumble_images_number(handle, name, value), device)
    return Images(handle, device, Int(number("count")), Int(number("box")), number("pixel_size_A"), number("particle_radius_A"),
                  number("mask_radius_A"))
end

"A density[x, y, z] on the images' working box and pixel, each Fourier shell scaled to the power of the images' signal."
function matched(images::Images, density::AbstractArray, voxel_size::Real)
    map = Array{Float32}(undef, images.box, images.box, images.box)
    lending(strided(Float32, density), map) do d, out
        on(() -> tumble_images_match_map(images.handle, d, voxel_size, out), images.device)
    end
    return map
end

"""
    Transform(device, map, voxel_size)

The padded transform of map[x, y, z].
"""
struct Transform
    handle::Handle
    device::Device
end

function Transform(device::Device, map::AbstractArray, voxel_size::Real)
    handle = lending(strided(Float32, map)) do m
        made_on(out -> tumble_transform_create(device.handle, m, voxel_size, out), tumble_transform_destroy, device)
    end
    return Transform(handle, device)
end

"Central slices, ComplexF32 [frequency, rotation], at frequencies[1:2, frequency] in cycles per voxel; rotations[row, column, rotation]."
function slices(transform::Transform, rotations::AbstractArray, frequencies::AbstractMatrix)
    parts = Array{Float32}(undef, 2, size(frequencies, 2), size(rotations, 3))
    lending(Rotations(strided(Float64, rotations)), strided(Float64, frequencies), parts) do r, f, out
        on(() -> tumble_transform_slices(transform.handle, r, f, out), transform.device)
    end
    return reinterpret(reshape, ComplexF32, parts)
end

"""
    Poses(rotations, shifts, scores = zeros; images = 1:count)

Poses in columns: rotations[row, column, pose], shifts[1:2, pose] in A, scores[pose], and the number of each pose's image. Strided arrays
of Float64 are used where they lie, and changed there by the functions whose name ends with !; others are copied.
"""
struct Poses{R <: StridedArray{Float64, 3}, T <: StridedArray{Float64, 2}, S <: StridedArray{Float64, 1}}
    rotations::R
    shifts::T
    scores::S
    images::Vector{Int}
end

function Poses(rotations::AbstractArray, shifts::AbstractMatrix, scores::AbstractVector = zeros(size(shifts, 2));
               images = 1:size(shifts, 2))
    return Poses(writable(Float64, rotations), writable(Float64, shifts), writable(Float64, scores), collect(Int, images))
end

"""
    Poses(count)

One pose for each of so many images that everything is better than.
"""
function Poses(count::Integer)
    rotations = zeros(3, 3, count)
    for axis in 1:3
        rotations[axis, axis, :] .= 1
    end
    return Poses(rotations, zeros(2, count), fill(-Inf, count))
end

Base.length(poses::Poses) = length(poses.scores)
Base.copy(poses::Poses) = Poses(copy(poses.rotations), copy(poses.shifts), copy(poses.scores); images = poses.images)

# Images as the library counts them.
numbers(poses::Poses) = Int32.(poses.images .- 1)

function scoring(low, high, shift_sigma)
    return Ref(tumble_scoring(sizeof(tumble_scoring), low, high, shift_sigma))
end

# call: a function of the poses' arrays that returns a status.
function changed!(call, poses::Poses, device::Device)
    lending(numbers(poses), Rotations(poses.rotations), poses.shifts, poses.scores) do n, r, t, s
        on(() -> call(n, r, t, s), device)
    end
    return poses
end

"""
    score!(poses, images, transform; low = 0, high = 0, shift_sigma = 0)

Log-likelihood ratio of each pose against an empty image, from the band low <= |k| < high (1/A; 0: all that the images hold), plus the
log prior of the shift.
"""
function score!(poses::Poses, images::Images, transform::Transform; low::Real = 0, high::Real = 0, shift_sigma::Real = 0)
    band = scoring(low, high, shift_sigma)
    return changed!(poses, images.device) do n, r, t, s
        tumble_poses_score(images.handle, transform.handle, band, n, r, t, s)
    end
end

"Moves each pose to a local maximum of its score, by at most `steps` Gauss-Newton steps; no score falls."
function polish!(poses::Poses, images::Images, transform::Transform; steps::Integer = 4, low::Real = 0, high::Real = 0,
                 shift_sigma::Real = 0)
    band = scoring(low, high, shift_sigma)
    return changed!(poses, images.device) do n, r, t, s
        tumble_poses_polish(images.handle, transform.handle, band, steps, n, r, t, s)
    end
end

"The same for the shifts alone."
function search_shifts!(poses::Poses, images::Images, transform::Transform; steps::Integer = 4, low::Real = 0, high::Real = 0,
                        shift_sigma::Real = 0)
    band = scoring(low, high, shift_sigma)
    return changed!(poses, images.device) do n, r, t, s
        tumble_poses_search_shifts(images.handle, transform.handle, band, steps, n, r, t, s)
    end
end

"""
    Search(images, transform; low = 0.3, high = 0.74, shift_radius = 0.72, shift_step = 0.36, seed = 1)

All orientations and shifts of a grid, turned at random by the seed (0: not). Fields: views, shifts, angles.
"""
struct Search
    handle::Handle
    device::Device
    views::Int
    shifts::Int
    angles::Int
end

function Search(images::Images, transform::Transform; low::Real = 0.3, high::Real = 0.74, shift_radius::Real = 0.72,
                shift_step::Real = 0.36, seed::Integer = 1)
    band, device = scoring(low, high, 0), images.device
    handle = made_on(tumble_search_destroy, device) do out
        tumble_search_create(images.handle, transform.handle, band, shift_radius, shift_step, seed, out)
    end
    number(name) = Int(number_on(value -> tumble_search_number(handle, name, value), device))
    return Search(handle, device, number("views"), number("shifts"), number("angles"))
end

"""
    climb!(poses, search; neighbourhood = 1, seed = 1, pass = 0)

One pass of stochastic hill climbing: each pose takes the first candidate, in random order, that scores above its own. Neighbourhood:
share of the views that are visited, those nearest to the present one. Gives a vector that says which were improved.
"""
function climb!(poses::Poses, search::Search; neighbourhood::Real = 1, seed::Integer = 1, pass::Integer = 0)
    improved = zeros(Int32, length(poses))
    lending(improved) do flags
        changed!(poses, search.device) do n, r, t, s
            tumble_search_climb(search.handle, neighbourhood, seed, pass, n, r, t, s, flags)
        end
    end
    return improved .!= 0
end

"The best candidate of each pose's image."
function best!(poses::Poses, search::Search)
    return changed!((n, r, t, s) -> tumble_search_best(search.handle, n, r, t, s), poses, search.device)
end

"""
    Equations(images)

Normal equations of a map: images inserted at their poses.
"""
struct Equations
    handle::Handle
    device::Device
    box::Int
end

function Equations(images::Images)
    handle = made_on(out -> tumble_equations_create(images.handle, out), tumble_equations_destroy, images.device)
    return Equations(handle, images.device, images.box)
end

# Arguments of poses that are not changed, and weights or nothing.
function lending_poses(call, poses::Poses, weights)
    given = weights === nothing ? nothing : strided(Float64, weights)
    return lending(call, numbers(poses), Rotations(poses.rotations), poses.shifts, given)
end

"Inserts images at their poses, from their samples in the band."
function insert!(equations::Equations, poses::Poses; low::Real = 0, high::Real = 0, weights = nothing)
    band = scoring(low, high, 0)
    lending_poses(poses, weights) do n, r, t, w
        on(() -> tumble_equations_insert(equations.handle, band, n, r, t, w), equations.device)
    end
    return equations
end

"Adds what the other, of the same images, holds; subtracts it where `sign` is negative."
function add!(equations::Equations, other::Equations; sign::Integer = 1)
    on(() -> tumble_equations_add(equations.handle, other.handle, sign), equations.device)
    return equations
end

"Posterior mean of the map, Float32 [x, y, z] of the working box; zero beyond `high`."
function solve(equations::Equations; high::Real, steps::Integer = 10)
    map = Array{Float32}(undef, equations.box, equations.box, equations.box)
    lending(out -> on(() -> tumble_equations_solve(equations.handle, high, steps, out), equations.device), map)
    return map
end

"""
    Atoms(map, voxel_size, element; halves = nothing, min_distance = 0, radius = 0, threads = 0)

Atoms of a restored map[x, y, z]: detection and joint fit of all. halves = (half1, half2) gives the half distances; min_distance and
radius 0: from the element and the map. Properties: positions, sigmas [1:3, atom], heights, widths, half_distances [atom], lent by the
library and valid for as long as somebody holds them.
"""
struct Atoms
    handle::Handle
end

function Atoms(map::AbstractArray, voxel_size::Real, element::AbstractString; halves = nothing, min_distance::Real = 0, radius::Real = 0,
               threads::Integer = 0)
    half1, half2 = halves === nothing ? (nothing, nothing) : strided.(Float32, halves)
    handle = lending(strided(Float32, map), half1, half2) do m, h1, h2
        created(tumble_atoms_destroy) do out
            disable_sigint() do
                tumble_atoms_find(C_NULL, m, h1, h2, voxel_size, element, min_distance, radius, threads, out)
            end
        end
    end
    return Atoms(handle)
end

"The same atoms at their likeliest places and heights, given the images at their poses, each image at most once."
function refine(atoms::Atoms, images::Images, poses::Poses; weights = nothing)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    start = getfield(atoms, :handle)
    lending_poses(poses, weights) do n, r, t, w
        on(() -> tumble_atoms_refine(C_NULL, images.handle, n, r, t, w, start, out), images.device)
    end
    return Atoms(owned(out[], tumble_atoms_destroy))
end

function array(atoms::Atoms, name)
    handle = getfield(atoms, :handle)
    return lent(out -> tumble_atoms_array(handle, name, out), handle)
end

Base.getproperty(atoms::Atoms, name::Symbol) = array(atoms, "atom_$name")
Base.propertynames(::Atoms) = (:positions, :sigmas, :heights, :widths, :half_distances)

Base.close(object::Union{Device, Images, Transform, Search, Equations}) = finalize(object.handle)
