"""What a peer has to have."""

import models


class Base:
    """One analyzer of a library on one network."""

    # Those whose versions are told, beside torch.
    packages = []

    @staticmethod
    def load(job):
        """The network."""
        return models.load(job.network, job.data)

    def run(self, n):
        """One analysis, with so many copies or points if the analyzer takes a mean."""
        raise NotImplementedError

    def check(self, points, noise):
        """What has one right answer."""
        return self.run(1)
