"""The texture of streets: how much more one cell has than the next, for all merchants of a world alike."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from closedworld.kernels.grid import Grid
from closedworld.kernels.sampling.philox import philox4x32
from closedworld.kernels.sampling.random_streams import Keys

SIGMA_EIGHTHS_ABOVE_1_KM = 7
SIGMA_EIGHTHS_BELOW_1_KM = 12
"""Standard deviation of the logarithm of the texture, in eighths, by the height of a cell."""

# exp(z / 8) * 2^30, z the normal quantiles of (128.5, 129.5 ... 255.5) / 256; the lower half are their inverses.
# fmt: off
_UPPER_HALF = (
    1_074_399_125, 1_075_714_998, 1_077_032_673, 1_078_352_278, 1_079_673_943, 1_080_997_801, 1_082_323_983, 1_083_652_623,
    1_084_983_854, 1_086_317_814, 1_087_654_638, 1_088_994_466, 1_090_337_438, 1_091_683_695, 1_093_033_383, 1_094_386_646,
    1_095_743_632, 1_097_104_491, 1_098_469_376, 1_099_838_440, 1_101_211_842, 1_102_589_741, 1_103_972_299, 1_105_359_682,
    1_106_752_059, 1_108_149_601, 1_109_552_484, 1_110_960_888, 1_112_374_993, 1_113_794_988, 1_115_221_062, 1_116_653_411,
    1_118_092_235, 1_119_537_737, 1_120_990_127, 1_122_449_620, 1_123_916_436, 1_125_390_800, 1_126_872_944, 1_128_363_107,
    1_129_861_533, 1_131_368_474, 1_132_884_189, 1_134_408_944, 1_135_943_014, 1_137_486_683, 1_139_040_242, 1_140_603_993,
    1_142_178_246, 1_143_763_324, 1_145_359_558, 1_146_967_292, 1_148_586_882, 1_150_218_697, 1_151_863_117, 1_153_520_539,
    1_155_191_374, 1_156_876_049, 1_158_575_006, 1_160_288_706, 1_162_017_630, 1_163_762_275, 1_165_523_162, 1_167_300_834,
    1_169_095_857, 1_170_908_821, 1_172_740_344, 1_174_591_073, 1_176_461_684, 1_178_352_885, 1_180_265_421, 1_182_200_071,
    1_184_157_654, 1_186_139_034, 1_188_145_116, 1_190_176_859, 1_192_235_269, 1_194_321_412, 1_196_436_415, 1_198_581_470,
    1_200_757_839, 1_202_966_863, 1_205_209_966, 1_207_488_663, 1_209_804_569, 1_212_159_406, 1_214_555_016, 1_216_993_368,
    1_219_476_576, 1_222_006_909, 1_224_586_811, 1_227_218_915, 1_229_906_065, 1_232_651_345, 1_235_458_099, 1_238_329_964,
    1_241_270_910, 1_244_285_278, 1_247_377_829, 1_250_553_803, 1_253_818_982, 1_257_179_774, 1_260_643_303, 1_264_217_525,
    1_267_911_361, 1_271_734_861, 1_275_699_410, 1_279_817_975, 1_284_105_414, 1_288_578_867, 1_293_258_260, 1_298_166_939,
    1_303_332_518, 1_308_787_995, 1_314_573_263, 1_320_737_197, 1_327_340_602, 1_334_460_481, 1_342_196_420, 1_350_680_476,
    1_360_093_211, 1_370_691_070, 1_382_856_494, 1_397_198_054, 1_414_776_378, 1_437_713_077, 1_471_397_099, 1_540_110_156,
)
# fmt: on
_UNIT = 2.0**-30


class Texture:
    """The texture of a country.

    Args:
        grid: The grid.
        key: Key of seed and country, uint32 (4,).
    """

    def __init__(self, grid: Grid, key: Keys) -> None:
        self._key = [np.array([word], np.uint64) for word in key.tolist()]
        self._cells = round(180 / grid.cell_height)
        self._rows, self._cols = _tiles_of_globe(grid)

    def quarters(
        self,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        down: NDArray[np.int64],
        across: NDArray[np.int64],
        level: int,
        sigma_eighths: int,
    ) -> NDArray[np.float64]:
        """Return the texture of the four quarters of cells, float64 (4, n): NW, NE, SW, SE.

        Args:
            rows: Raster row of each cell's tile, int64 (n,).
            cols: Raster column, int64 (n,).
            down: Row of the cell in its tile, below 2^level, int64 (n,).
            across: Column of the cell in its tile, int64 (n,).
            level: Halvings that lead from a tile to a cell.
            sigma_eighths: Standard deviation of its logarithm, in eighths.
        """
        shift = np.uint64(level)
        row = self._rows[rows] << shift | down.astype(np.uint64)
        col = self._cols[cols] << shift | across.astype(np.uint64)
        size = np.full(len(rows), self._cells << level, np.uint64)
        k0, k1, k2, _ = self._key
        words = philox4x32((row, col, size, np.broadcast_to(k2, size.shape)), (k0, k1))
        table = lognormal_quantiles(sigma_eighths)
        return np.stack([table[word & np.uint64(255)] for word in words])


@lru_cache(maxsize=4)
def _tiles_of_globe(grid: Grid) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return rows and columns of the globe, uint64 (n_rows,) and (n_cols,): a raster of a region has the same texture."""
    rows = np.floor((90.0 - grid.lat_centers()) / grid.cell_height).astype(np.uint64)
    cols = np.floor((grid.lon_centers() + 180.0) / grid.cell_width).astype(np.int64)
    return rows, np.mod(cols, round(360 / grid.cell_width)).astype(np.uint64)


@cache
def lognormal_quantiles(sigma_eighths: int) -> NDArray[np.float64]:
    """Return 256 quantiles of a lognormal distribution with this sigma, ascending."""
    upper = np.array(_UPPER_HALF) * _UNIT
    power = np.ones_like(upper)
    for _ in range(sigma_eighths):
        power = power * upper
    return np.concatenate([1 / power[::-1], power])
