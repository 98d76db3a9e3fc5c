"""The version of the bits that the engine computes.

It goes up with every change that alters a bit of training, preprocessing or prediction of an
unchanged resolved spec. The golden digests (tests/engine/golden) fail if it does not;
docs/decisions/0028 says how to write new ones.

History:
    1: everything up to the release that introduced this number.
"""

NUMERICS = 1
