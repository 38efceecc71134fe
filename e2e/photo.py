"""Makes a photo such as a camera does: twelve megapixels of grain, several megabytes, turned by its EXIF tag.

Usage: photo.py PATH
"""

import sys

from PIL import Image

LANDSCAPE = (4000, 3000)
TURN_RIGHT = 6
ORIENTATION_TAG, MODEL_TAG = 0x0112, 0x0110

grain = Image.effect_noise(LANDSCAPE, 60)
sky = Image.linear_gradient("L").resize(LANDSCAPE)
water = sky.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
exif = Image.Exif()
exif[ORIENTATION_TAG] = TURN_RIGHT
exif[MODEL_TAG] = "Millrace test camera"
Image.merge("RGB", (grain, water, sky)).save(sys.argv[1], "JPEG", quality=88, exif=exif)
