"""django-ninja: operations that share a path, sync and async."""

from ninja import NinjaAPI, Router

from nasty.views import polite

api = NinjaAPI(docs_url=None)
inner = Router()


@api.get("/things/{int:number}")
def read_thing(request, number: int):
    return {"number": number}


@api.post("/things/{int:number}")
async def write_thing(request, number: int):
    return {"number": number}


@inner.api_operation(["PUT", "PATCH"], "/deep", url_name="deep")
@polite
def change_deep(request):
    return {}


api.add_router("/inner", inner)
