"""Changing the identify secret of a source in the admin API."""

from functools import partial

from flask import Blueprint, Response
from marshmallow import EXCLUDE, Schema, fields, validate

from tracker.store import identify_secrets
from tracker.web.api_reading import about, answered, body_of, sound
from tracker.web.api_sources import the_source
from tracker.web.bearer import api
from tracker.web.guard import change
from tracker.web.services import services

api_identify_secrets_blueprint = api(Blueprint("api_identify_secrets", __name__, url_prefix="/api/sources"))
_WORK = {"rotate": identify_secrets.rotate, "retire": identify_secrets.retire}


class IdentifySecretChange(Schema):
    """``rotate`` makes a new secret; ``retire`` ends the belief in all older ones."""

    class Meta:
        unknown = EXCLUDE

    do = fields.String(required=True, validate=validate.OneOf([*_WORK]))


class IdentifySecret(Schema):
    """The secret by which the backend of a site signs its identify events."""

    secret = fields.String(required=True)
    generation = fields.Integer(required=True, metadata={"description": "How often it was changed."})
    oldest_believed = fields.Integer(
        required=True, metadata={"description": "Signatures of this generation and of later ones are believed."}
    )


@api_identify_secrets_blueprint.post("/<path:source_id>/identify-secret")
@about("Change the identify secret of a source", gives=IdentifySecret, body=IdentifySecretChange, may=(404,))
def change_identify_secret(source_id: str) -> Response:
    """Begin a new generation of the secret, or retire the older ones; answers the present secret."""
    work = _WORK[body_of(IdentifySecretChange)["do"]]
    change(partial(work, source_id=the_source(sound(source_id)).id, now=services().clock()))
    found = the_source(source_id)
    return answered(
        {
            "secret": services().identities.secret_of(found.id, found.identify_generation),
            "generation": found.identify_generation,
            "oldest_believed": found.identify_oldest,
        }
    )
