"""Django REST framework: classes, functions, view sets and their actions."""

from django.contrib.auth.models import User
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet, ViewSet


class Things(APIView):
    def get(self, request):
        return Response([])

    def patch(self, request):
        return Response([])


@api_view(["GET", "POST"])
def functional(request):
    return Response([])


class UserSerializer(ModelSerializer):
    class Meta:
        model = User
        fields = ["username"]


class Users(ModelViewSet):
    queryset = User.objects.all()
    serializer_class = UserSerializer

    @method_decorator(never_cache)
    def retrieve(self, request, *args, **kwargs):
        return super().retrieve(request, *args, **kwargs)

    @action(detail=True, methods=["post"])
    def promote(self, request, pk=None):
        return Response({})

    @promote.mapping.delete
    def demote(self, request, pk=None):
        return Response({})


class Numbers(ViewSet):
    def list(self, request):
        return Response([1])


router = DefaultRouter()
router.register("users", Users)
router.register("numbers", Numbers, basename="number")
