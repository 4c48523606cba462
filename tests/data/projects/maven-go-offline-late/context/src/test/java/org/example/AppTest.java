package org.example;
class AppTest {}
