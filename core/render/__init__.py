"""The paper's renderer (Sec. 4.4): studio, rays, skin with subsurface scattering, pictures and films (docs/render.md)."""
