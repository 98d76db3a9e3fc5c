"""The version of the bits that the engine computes.

It goes up with every change that alters a bit of training, preprocessing or prediction of an
unchanged resolved spec. The golden digests (tests/engine/golden) fail if it does not;
docs/decisions/0028 says how to write new ones.

History:
    1: everything up to the release that introduced this number.
    2: inputs that never vary in training are held; rare values of sparse columns are scaled nearer;
       weights of validation rows have mean 1; clipping by norm has no epsilon; no batch of one row
       with batch normalization; L-BFGS stops relative to the loss; selu starts with lecun_normal;
       metrics of numbers are computed in the scaled target's unit.
    3: large batches are computed in chunks, whose gradients are added up; networks with millions of
       weights are evaluated in smaller chunks.
"""

NUMERICS = 3
