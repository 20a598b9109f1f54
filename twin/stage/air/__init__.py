"""Air results as files that other programs read: NetCDF-CF, Zarr, COG, VTI, GeoJSON."""
