"""Put the marked sample dossiers into a registry that has no real ones."""

from __future__ import annotations

from actions.services import Services
from bot.settings import Settings
from knowledge.dossiers.samples import sample_dossiers


async def seed_sample_dossiers(services: Services, settings: Settings) -> int:
    """Add or refresh the samples; returns how many are new."""
    catalogue = await services.catalogue.get()
    samples = sample_dossiers(settings.data_dir, catalogue, services.calendar, services.today)
    return await services.dossiers.add_samples(samples)
