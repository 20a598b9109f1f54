"""The water as files of other programs: NetCDF, Zarr, VTK, GeoTIFF, GeoPackage."""
