"""The routes of identity that are more than plain reading and writing."""

from fastapi import APIRouter

from app.identity.routes import accounts, keys, passwords, sessions, workspaces

router = APIRouter()
for each in (sessions, passwords, accounts, workspaces, keys):
    router.include_router(each.router)
