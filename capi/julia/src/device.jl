"""
    Device(name = "auto"; threads = 0)

Where operators compute: "auto", "cpu", "cuda", "cuda:N", several as in "cuda:0,1", or "cuda:all"; threads 0: all cores. A device does one thing at a time: tasks that use
the same device, or what was made on it, wait for each other. `close` gives the memory of a device or of an object made on it back at
once; else the garbage collector does, which does not know how much it is.
"""
struct Device
    handle::Handle
    lock::ReentrantLock
end

function Device(name::AbstractString = "auto"; threads::Integer = 0)
    lock, out = ReentrantLock(), Ref{Ptr{Cvoid}}(C_NULL)
    check(tumble_device_create(name, threads, out))
    return Device(guarded(out[], tumble_device_destroy, lock), lock)
end

# A handle that is given back only while nobody uses its device. A finalizer must not wait: it comes again with the next collection.
function guarded(pointer, destroy, device_lock::ReentrantLock)
    function give_back(handle)
        if islocked(device_lock) || !trylock(device_lock)
            finalizer(give_back, handle)
        else
            try
                destroy(handle)
                handle.pointer = C_NULL
            finally
                unlock(device_lock)
            end
        end
        return nothing
    end
    return finalizer(give_back, Handle(pointer))
end

# A call that returns a status, while nobody else uses the device. Ctrl-C waits for its end.
on(call, device::Device) = lock(() -> check(disable_sigint(call)), device.lock)

# create: a function of an out pointer that returns a status.
function made_on(create, destroy, device::Device)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    on(() -> create(out), device)
    return guarded(out[], destroy, device.lock)
end

# fill: a function of a pointer to a Float64 that returns a status.
function number_on(fill, device::Device)
    value = Ref(0.0)
    on(() -> fill(value), device)
    return value[]
end

"\"cpu\", or \"cuda:0\"."
name(device::Device) = GC.@preserve device unsafe_string(tumble_device_name(device.handle))

"""
    correlate(device, half1, half2, voxel_size; mask = nothing, seed = 1)

Fourier shell correlation of two half maps: vectors `frequency` (1/A), `unmasked`, `masked`, `corrected`, one element a shell. The mask is
corrected for by phase randomisation.
"""
function correlate(device::Device, half1::AbstractArray, half2::AbstractArray, voxel_size::Real; mask = nothing, seed::Integer = 1)
    curves = Matrix{Float64}(undef, size(half1, 1) ÷ 2 + 1, 4)
    soft = mask === nothing ? nothing : strided(Float32, mask)
    lending(strided(Float32, half1), strided(Float32, half2), soft, curves) do first, second, around, out
        on(() -> tumble_maps_correlate(device.handle, first, second, around, voxel_size, seed, out), device)
    end
    return (frequency = curves[:, 1], unmasked = curves[:, 2], masked = curves[:, 3], corrected = curves[:, 4])
end

"""
    resolution(frequency, curve; threshold = 0.143)

1 / frequency, A, where the curve, followed outward from its strongest shells, stays below the threshold; the Nyquist limit where it
never does.
"""
function resolution(frequency::AbstractVector, curve::AbstractVector; threshold::Real = 0.143)
    value = Ref(0.0)
    lending(strided(Float64, frequency), strided(Float64, curve)) do f, c
        check(tumble_curve_resolution(f, c, threshold, value))
    end
    return value[]
end

"The map under the Wiener filter 2 FSC / (1 + FSC)."
function restore(device::Device, map::AbstractArray, fsc::AbstractVector)
    restored = Array{Float32}(undef, size(map))
    lending(strided(Float32, map), strided(Float64, fsc), restored) do m, f, out
        on(() -> tumble_map_restore(device.handle, m, f, out), device)
    end
    return restored
end

"Soft mask, 0 to 1, found from the map."
function find_mask(device::Device, map::AbstractArray, voxel_size::Real)
    mask = Array{Float32}(undef, size(map))
    lending(strided(Float32, map), mask) do m, out
        on(() -> tumble_map_find_mask(device.handle, m, voxel_size, out), device)
    end
    return mask
end
