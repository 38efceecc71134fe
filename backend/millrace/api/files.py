"""Uploads and artifacts. Their bytes come from strangers, so they are served in a way in which none of it can run."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, BinaryIO, cast

from flask import Response, request, send_file

from millrace.accounts.account import Account
from millrace.api.context import services
from millrace.api.multipart import UploadedFile
from millrace.api.resource import Resource, answer, signed_in
from millrace.api.schemas.files import ContentQuerySchema, FileSchema
from millrace.jobs import wire

PART = "file"
SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
CONTENT_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

MULTIPART = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {PART: {"type": "string", "format": "binary"}},
                "required": [PART],
            }
        }
    },
}
BYTES = {"type": "string", "format": "binary"}

blueprint = Resource("files", __name__, url_prefix="/api/v1/files", description="Uploads and artifacts")


@blueprint.route("", methods=["POST"])
@signed_in
@blueprint.doc(requestBody=MULTIPART)
@blueprint.refuses(HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)
@blueprint.response(HTTPStatus.CREATED, FileSchema)
def upload_file(account: Account) -> Response:
    """Upload a file"""
    upload = UploadedFile(request, PART)
    stored = services().files.store_upload(account, upload.name, cast(BinaryIO, upload))
    return answer(wire.stored_file(stored), HTTPStatus.CREATED)


@blueprint.route("/<id:file_id>")
@signed_in
@blueprint.refuses(HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, FileSchema)
def show_file(account: Account, file_id: str) -> Response:
    """Show what is known of a file"""
    return answer(wire.stored_file(services().files.get_visible(file_id, account)))


@blueprint.route("/<id:file_id>/content")
@signed_in
@blueprint.arguments(ContentQuerySchema, location="query")
@blueprint.refuses(HTTPStatus.NOT_FOUND)
@blueprint.response(HTTPStatus.OK, BYTES, content_type="application/octet-stream")
def show_file_content(account: Account, query: Mapping[str, Any], file_id: str) -> Response:
    """Get a file's bytes; ranges and ETags are honoured"""
    stored = services().files.get_visible(file_id, account)
    is_saved = query["download"] or stored.content_type not in SHOWN_INLINE
    response = send_file(
        services().files.path_of(stored).absolute(),
        mimetype=stored.content_type,
        as_attachment=is_saved,
        download_name=stored.name,
        etag=stored.sha256,
        last_modified=stored.created_at,
    )
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    return response
