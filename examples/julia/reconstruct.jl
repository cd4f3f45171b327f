# From images to a map and atoms: julia --project=capi/julia reconstruct.jl IMAGES.mrcs PIXEL_SIZE_A ELEMENT MAP.mrc
using Printf
using Tumble

function main(path, pixel_size, element, map_path)
    images, _ = Tumble.read_stack(path)
    result = Tumble.reconstruct(images; pixel_size, element)
    Tumble.write_map(map_path, result.map, pixel_size)
    positions, sigmas = result.positions, result.sigmas
    @printf("# resolution %.3f A, verdict %s, %d atoms: x y z sigma_x sigma_y sigma_z (A)\n", result.resolution, result.verdict,
            size(positions, 2))
    for atom in axes(positions, 2)
        println(join([@sprintf("%.6f", value) for value in [positions[:, atom]; sigmas[:, atom]]], " "))
    end
end

length(ARGS) == 4 || error("usage: reconstruct.jl IMAGES.mrcs PIXEL_SIZE_A ELEMENT MAP.mrc")
main(ARGS[1], parse(Float64, ARGS[2]), ARGS[3], ARGS[4])
